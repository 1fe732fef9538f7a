// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PlainToken} from "./PlainToken.sol";

/// @dev Refuses to change an allowance that is not zero to another that is not zero (USDT's guard against the approve race).
contract ApproveRaceToken is PlainToken {
  error AllowanceNotZero();

  function _approve(address spender, uint256 amount) internal override {
    if (amount != 0 && allowance[msg.sender][spender] != 0) revert AllowanceNotZero();
    super._approve(spender, amount);
  }
}
