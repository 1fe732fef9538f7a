// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ledger} from "./Ledger.sol";

/// @dev ERC-20 as its specification has it; the control of every test.
contract PlainToken is Ledger {
  function approve(address spender, uint256 amount) external virtual returns (bool) {
    _approve(spender, amount);
    return true;
  }

  function transfer(address to, uint256 amount) external virtual returns (bool) {
    _move(msg.sender, to, amount);
    return true;
  }

  function transferFrom(address from, address to, uint256 amount) external virtual returns (bool) {
    _spend(from, amount);
    _move(from, to, amount);
    return true;
  }
}
