// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PlainToken} from "./PlainToken.sol";

/// @dev Keeps a share of what moves; the share can be switched on later.
contract FeeToken is PlainToken {
  uint256 public feePercent = 1;

  function setFee(uint256 percent) external {
    feePercent = percent;
  }

  function _move(address from, address to, uint256 amount) internal override {
    uint256 fee = (amount * feePercent) / 100;
    super._move(from, to, amount - fee);
    super._move(from, address(0xfee), fee);
  }
}
