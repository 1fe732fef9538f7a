// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PlainToken} from "./PlainToken.sol";

/// @dev Calls whatever it was told to, in the middle of a move, and remembers how that ended.
contract ReentrantToken is PlainToken {
  address public target;
  bytes public payload;
  bool public tried;
  bool public worked;
  bytes4 public reason;
  bool public skipOutermost;

  function arm(address to, bytes calldata data, bool skip) external {
    target = to;
    payload = data;
    tried = false;
    worked = false;
    skipOutermost = skip;
  }

  function approveFor(address spender, uint256 amount) external {
    allowance[address(this)][spender] = amount;
  }

  function _move(address from, address to, uint256 amount) internal override {
    if (target != address(0) && !tried) {
      tried = true;
      (bool ok, bytes memory answer) = target.call(payload);
      worked = ok;
      reason = bytes4(answer);
      if (skipOutermost) return;
    }
    super._move(from, to, amount);
  }
}
