// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PlainToken} from "./PlainToken.sol";

/// @dev Answers a move with a megabyte, as success or as failure, or burns all gas it is given.
contract ReturnBombToken is PlainToken {
  uint256 public mode;

  function setMode(uint256 to) external {
    mode = to;
  }

  function _move(address from, address to, uint256 amount) internal override {
    super._move(from, to, amount);
    if (mode == 1) {
      assembly {
        mstore(0, 1)
        return(0, 1000000)
      }
    }
    if (mode == 2) {
      assembly {
        revert(0, 1000000)
      }
    }
    if (mode == 3) {
      assembly {
        invalid()
      }
    }
    if (mode == 4) {
      assembly {
        mstore(0, 2)
        return(0, 32)
      }
    }
    if (mode == 5) {
      assembly {
        mstore(0, 1)
        return(31, 1)
      }
    }
  }
}
