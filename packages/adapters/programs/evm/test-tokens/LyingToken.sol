// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PlainToken} from "./PlainToken.sol";

/// @dev balanceOf says what it likes: always the same, or always more than is there.
contract LyingToken is PlainToken {
  uint256 public lie;
  uint256 public more;

  function setLie(uint256 fixedAnswer, uint256 added) external {
    lie = fixedAnswer;
    more = added;
  }

  function balanceOf(address account) public view override returns (uint256) {
    return lie != 0 ? lie : super.balanceOf(account) + more;
  }
}
