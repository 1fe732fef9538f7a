// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PlainToken} from "./PlainToken.sol";

interface Hooked {
  function tokensToSend(address from, address to, uint256 amount) external;

  function tokensReceived(address from, address to, uint256 amount) external;
}

/// @dev Like ERC-777: tells the sender before, and the receiver after, where they are contracts.
contract HookToken is PlainToken {
  function _move(address from, address to, uint256 amount) internal override {
    if (from.code.length > 0) try Hooked(from).tokensToSend(from, to, amount) {} catch {}
    super._move(from, to, amount);
    if (to.code.length > 0) {
      try Hooked(to).tokensReceived(from, to, amount) {} catch (bytes memory reason) {
        // A hook that isn't there is fine; one that refuses stops the move.
        if (reason.length > 0) {
          assembly {
            revert(add(reason, 32), mload(reason))
          }
        }
      }
    }
  }
}
