// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PlainToken} from "./PlainToken.sol";

/// @dev An issuer can stop every move, and here even balance reads.
contract PausableToken is PlainToken {
  bool public paused;
  bool public balancesPaused;

  error Paused();

  function setPaused(bool moves, bool balances) external {
    paused = moves;
    balancesPaused = balances;
  }

  function balanceOf(address account) public view override returns (uint256) {
    if (balancesPaused) revert Paused();
    return super.balanceOf(account);
  }

  function _move(address from, address to, uint256 amount) internal override {
    if (paused) revert Paused();
    super._move(from, to, amount);
  }
}
