// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PlainToken} from "./PlainToken.sol";

/// @dev All balances are shares times a factor that anyone changes here, also on the way of a transfer.
contract RebaseToken is PlainToken {
  uint256 public percent = 100;
  uint256 public percentAfterMove;

  function rebase(uint256 to) external {
    percent = to;
  }

  function rebaseOnMove(uint256 to) external {
    percentAfterMove = to;
  }

  function balanceOf(address account) public view override returns (uint256) {
    return (held[account] * percent) / 100;
  }

  function _move(address from, address to, uint256 amount) internal override {
    super._move(from, to, (amount * 100) / percent);
    if (percentAfterMove != 0) percent = percentAfterMove;
  }
}
