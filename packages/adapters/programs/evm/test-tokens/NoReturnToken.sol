// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ledger} from "./Ledger.sol";

/// @dev Like USDT: success returns nothing. Must work.
contract NoReturnToken is Ledger {
  function approve(address spender, uint256 amount) external {
    _approve(spender, amount);
  }

  function transfer(address to, uint256 amount) external {
    _move(msg.sender, to, amount);
  }

  function transferFrom(address from, address to, uint256 amount) external {
    _spend(from, amount);
    _move(from, to, amount);
  }
}
