// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PlainToken} from "./PlainToken.sol";

/// @dev An upgrade changes what its decimals and its name say.
contract DecimalsToken is PlainToken {
  uint8 private places = 6;
  string private called = "Coin";

  function upgrade(uint8 to, string calldata newName) external {
    places = to;
    called = newName;
  }

  function decimals() public view override returns (uint8) {
    return places;
  }

  function name() public view override returns (string memory) {
    return called;
  }

  function symbol() public view override returns (string memory) {
    return called;
  }
}
