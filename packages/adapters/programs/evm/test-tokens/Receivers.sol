// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Payees that are contracts. `act` lets a test send anything in their name.
contract Receiver {
  uint256 public mode; // 0 takes, 1 reverts, 2 burns all gas, 3 answers with a megabyte, 4 calls `target`, 5 writes much,
  // 6 gives up at once where it gets less than 120,000 gas
  address public target;
  bytes public payload;
  bool public worked;
  bytes4 public reason;
  mapping(uint256 => uint256) public filled;

  error NoThanks();

  function set(uint256 to, address callee, bytes calldata data) external {
    mode = to;
    target = callee;
    payload = data;
  }

  function act(address to, uint256 value, bytes calldata data) external payable returns (bytes memory) {
    (bool ok, bytes memory answer) = to.call{value: value}(data);
    if (!ok) {
      assembly {
        revert(add(answer, 32), mload(answer))
      }
    }
    return answer;
  }

  function tokensReceived(address, address, uint256) external {
    _react();
  }

  function tokensToSend(address, address, uint256) external {
    _react();
  }

  receive() external payable {
    _react();
  }

  function _react() private {
    if (mode == 1) revert NoThanks();
    if (mode == 6 && gasleft() < 120000) revert NoThanks();
    if (mode == 2) {
      assembly {
        invalid()
      }
    }
    if (mode == 3) {
      assembly {
        revert(0, 1000000)
      }
    }
    if (mode == 4) {
      (bool ok, bytes memory answer) = target.call(payload);
      worked = ok;
      reason = bytes4(answer);
    }
    if (mode == 5) {
      for (uint256 i = 1; i < 8; i++) filled[i] = block.timestamp;
    }
  }
}
