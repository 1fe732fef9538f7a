// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev The bookkeeping all test tokens share. Not for production: anyone may mint.
abstract contract Ledger {
  mapping(address => uint256) internal held;
  mapping(address => mapping(address => uint256)) public allowance;

  event Transfer(address indexed from, address indexed to, uint256 amount);
  event Approval(address indexed owner, address indexed spender, uint256 amount);

  error Short(address account, uint256 held, uint256 needed);

  function name() public view virtual returns (string memory) {
    return "Test token";
  }

  function symbol() public view virtual returns (string memory) {
    return "TEST";
  }

  function decimals() public view virtual returns (uint8) {
    return 18;
  }

  function mint(address to, uint256 amount) external {
    held[to] += amount;
    emit Transfer(address(0), to, amount);
  }

  function balanceOf(address account) public view virtual returns (uint256) {
    return held[account];
  }

  function _approve(address spender, uint256 amount) internal virtual {
    allowance[msg.sender][spender] = amount;
    emit Approval(msg.sender, spender, amount);
  }

  function _spend(address from, uint256 amount) internal {
    uint256 allowed = allowance[from][msg.sender];
    if (allowed < amount) revert Short(from, allowed, amount);
    if (allowed != type(uint256).max) allowance[from][msg.sender] = allowed - amount;
  }

  function _move(address from, address to, uint256 amount) internal virtual {
    if (held[from] < amount) revert Short(from, held[from], amount);
    held[from] -= amount;
    held[to] += amount;
    emit Transfer(from, to, amount);
  }
}
