// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PlainToken} from "./PlainToken.sol";

/// @dev Says false where others revert; `setFailing` switches it on for transfers out.
contract FalseToken is PlainToken {
  bool public failing = true;

  function setFailing(bool on) external {
    failing = on;
  }

  function transfer(address to, uint256 amount) external override returns (bool) {
    if (failing) return false;
    _move(msg.sender, to, amount);
    return true;
  }

  function transferFrom(address from, address to, uint256 amount) external override returns (bool) {
    if (failing) return false;
    _spend(from, amount);
    _move(from, to, amount);
    return true;
  }
}
