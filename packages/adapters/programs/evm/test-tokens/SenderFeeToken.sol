// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PlainToken} from "./PlainToken.sol";

/// @dev Takes its fee from the sender on top of the amount: paying one lock out would eat into another's money.
contract SenderFeeToken is PlainToken {
  bool public charging;

  function setCharging(bool on) external {
    charging = on;
  }

  function _move(address from, address to, uint256 amount) internal override {
    super._move(from, to, amount);
    if (charging) super._move(from, address(0xfee), amount / 100 + 1);
  }
}
