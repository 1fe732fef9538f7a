// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Hash time-locked payments of the native coin and of ERC-20 tokens.
/// @notice A lock is nothing but its id: the hash of the chain, this contract and every one of its terms. Whoever settles it
/// hands the terms in again, so a state proof of one storage word proves the whole lock.
///
/// Rules
/// - A claim carries the 32-byte preimage of a SHA-256 hash, is refused from the deadline on, and pays the beneficiary of the
///   terms, whoever sends it. A refund is refused before the deadline, and pays the locker, whoever sends it.
/// - A settlement never hangs on the payee or on the token: if the payment can't be made now, it becomes a credit that is paid
///   out by `withdraw`. The secret of a claim that reverted would be public with the money still open to a refund, so a claim
///   that is right always counts: for a receiver that refuses coins, and for a token that is paused or blocks the payee.
/// - The sender can't turn a payment into a credit by giving it little gas: below `PAYMENT_GAS` a failed payment reverts all.
/// - The contract has no owner, no upgrade, no fee and no constructor argument; its runtime code is the same bytes everywhere.
///
/// Storage: slot 0 is `status`, so the word of a lock is keccak256(id . 0); slot 1 is `credit`. The reentrancy guard is
/// transient storage (EIP-1153): it costs 300 gas instead of 5000 and leaves no word behind.
contract Htlc {
  struct Terms {
    /// @dev ERC-20 contract; zero for the native coin.
    address token;
    /// @dev In the smallest unit of the asset.
    uint256 amount;
    /// @dev SHA-256 of exactly 32 bytes.
    bytes32 hashlock;
    /// @dev Who pays in, and gets refunds.
    address locker;
    /// @dev Who gets claims.
    address beneficiary;
    /// @dev Unix seconds by block.timestamp: claims before it, refunds from it on.
    uint64 deadline;
    /// @dev Makes otherwise equal locks two locks.
    bytes32 salt;
  }

  event Locked(bytes32 indexed id, bytes32 indexed hashlock, bytes32 indexed tag, Terms terms, bytes record);
  event Claimed(bytes32 indexed id, bytes32 indexed hashlock, bytes32 secret);
  event Refunded(bytes32 indexed id);
  event Credited(bytes32 indexed id, address indexed token, address indexed account, uint256 amount);
  event Withdrawn(address indexed token, address indexed account, address to, uint256 amount);

  error SenderNotLocker(address sender, address locker);
  error AmountZero();
  error ValueMismatch(uint256 sent, uint256 expected);
  error DeadlinePassed(uint256 deadline, uint256 time);
  error DeadlineNotReached(uint256 deadline, uint256 time);
  error HashlockRefused(bytes32 hashlock);
  error BeneficiaryRefused(address beneficiary);
  error RecordTooLong(uint256 length);
  error AlreadyUsed(bytes32 id, uint256 status);
  error NotLocked(bytes32 id, uint256 status);
  error WrongSecret(bytes32 hashlock);
  error TokenWithoutCode(address token);
  error TokenRefused(address token);
  error TokenMovedWrongAmount(address token, uint256 before, uint256 afterwards, uint256 amount);
  error PaymentFailed(address token, address to, uint256 amount);
  error PaymentUnderGassed(uint256 available, uint256 needed);
  error NothingToWithdraw(address token, address account);
  error NotYours(address sender, address account);
  error Reentered();
  error SelfOnly();

  bytes32 public constant DOMAIN = keccak256("aitbc/htlc/v1");
  uint256 public constant NONE = 0;
  uint256 public constant LOCKED = 1;
  uint256 public constant CLAIMED = 2;
  uint256 public constant REFUNDED = 3;
  /// @notice Longest recovery record in bytes.
  uint256 public constant MAX_RECORD = 2048;
  /// @notice A payment that failed becomes a credit only if at least this much gas was left for it.
  uint256 public constant PAYMENT_GAS = 250_000;

  /// @dev Held back from a payment so that a payee who burns all it gets can't stop the credit from being written.
  uint256 private constant CREDIT_GAS = 50_000;
  /// @dev sha256 of 32 zero bytes: a lock that anyone opens.
  bytes32 private constant ZERO_SECRET_HASH = 0x66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925;

  /// @notice NONE, LOCKED, CLAIMED or REFUNDED, by lock id.
  mapping(bytes32 id => uint256) public status;
  /// @notice What `withdraw` owes, by token (zero: the native coin) and account.
  mapping(address token => mapping(address account => uint256)) public credit;

  bool private transient entered;

  modifier guarded() {
    if (entered) revert Reentered();
    entered = true;
    _;
    entered = false;
  }

  /// @notice The id of a lock on this chain at this contract.
  /// @dev Reads block.chainid at each call: after a fork that changes it, locks of the other branch don't exist here.
  function idOf(Terms calldata terms) public view returns (bytes32) {
    return keccak256(abi.encode(DOMAIN, block.chainid, address(this), terms));
  }

  /// @notice Pays `terms.amount` in from the sender, who must be the locker (so nobody can take another's id).
  /// @param tag Any word by which the owner finds its locks again.
  /// @param record Bytes that only the owner can read, at most MAX_RECORD; the contract does not look into them.
  function lock(Terms calldata terms, bytes32 tag, bytes calldata record) external payable guarded returns (bytes32 id) {
    if (msg.sender != terms.locker) revert SenderNotLocker(msg.sender, terms.locker);
    if (terms.amount == 0) revert AmountZero();
    if (terms.deadline <= block.timestamp) revert DeadlinePassed(terms.deadline, block.timestamp);
    if (terms.hashlock == 0 || terms.hashlock == ZERO_SECRET_HASH) revert HashlockRefused(terms.hashlock);
    if (terms.beneficiary == address(0) || terms.beneficiary == address(this) || terms.beneficiary == terms.token) {
      revert BeneficiaryRefused(terms.beneficiary);
    }
    if (record.length > MAX_RECORD) revert RecordTooLong(record.length);
    uint256 value = terms.token == address(0) ? terms.amount : 0;
    if (msg.value != value) revert ValueMismatch(msg.value, value);

    id = idOf(terms);
    if (status[id] != NONE) revert AlreadyUsed(id, status[id]);
    status[id] = LOCKED;
    emit Locked(id, terms.hashlock, tag, terms, record);

    if (terms.token != address(0)) _pull(terms.token, terms.locker, terms.amount);
  }

  /// @notice Pays the beneficiary of `terms` against the preimage of the hashlock. Before the deadline; by anyone.
  function claim(Terms calldata terms, bytes32 secret) external guarded {
    bytes32 id = _locked(terms);
    if (block.timestamp >= terms.deadline) revert DeadlinePassed(terms.deadline, block.timestamp);
    if (sha256(abi.encodePacked(secret)) != terms.hashlock) revert WrongSecret(terms.hashlock);
    status[id] = CLAIMED;
    emit Claimed(id, terms.hashlock, secret);
    _payOrCredit(id, terms.token, terms.beneficiary, terms.amount);
  }

  /// @notice Pays the locker of `terms` back. From the deadline on; by anyone.
  function refund(Terms calldata terms) external guarded {
    bytes32 id = _locked(terms);
    if (block.timestamp < terms.deadline) revert DeadlineNotReached(terms.deadline, block.timestamp);
    status[id] = REFUNDED;
    emit Refunded(id);
    _payOrCredit(id, terms.token, terms.locker, terms.amount);
  }

  /// @notice Pays out all that `account` is owed in `token`. Anyone may send it to the account itself; only the account may
  /// send it elsewhere (for contracts that can't receive, and for payees that a token blocks).
  function withdraw(address token, address account, address to) external guarded returns (uint256 amount) {
    if (to != account && msg.sender != account) revert NotYours(msg.sender, account);
    if (to == address(0) || to == address(this) || to == token) revert BeneficiaryRefused(to);
    amount = credit[token][account];
    if (amount == 0) revert NothingToWithdraw(token, account);
    credit[token][account] = 0;
    emit Withdrawn(token, account, to, amount);
    if (!_pay(token, to, amount, gasleft())) revert PaymentFailed(token, to, amount);
  }

  /// @dev Only called by this contract itself: a call frame of its own, so that a token that moves another amount than it was
  /// told, returns false, or answers with megabytes, is undone as a whole and becomes a credit.
  function push(address token, address to, uint256 amount) external {
    if (msg.sender != address(this)) revert SelfOnly();
    uint256 before = _balance(token);
    if (!_call(token, abi.encodeWithSelector(0xa9059cbb, to, amount))) revert TokenRefused(token);
    uint256 afterwards = _balance(token);
    if (before < amount || afterwards != before - amount) {
      revert TokenMovedWrongAmount(token, before, afterwards, amount);
    }
  }

  function _locked(Terms calldata terms) private view returns (bytes32 id) {
    id = idOf(terms);
    uint256 current = status[id];
    if (current != LOCKED) revert NotLocked(id, current);
  }

  /// @dev What arrives must be what was asked for: fees on transfer and tokens that rebase on the way are refused here.
  function _pull(address token, address from, uint256 amount) private {
    if (token.code.length == 0) revert TokenWithoutCode(token);
    uint256 before = _balance(token);
    if (!_call(token, abi.encodeWithSelector(0x23b872dd, from, address(this), amount))) revert TokenRefused(token);
    uint256 afterwards = _balance(token);
    if (afterwards < before || afterwards - before != amount) {
      revert TokenMovedWrongAmount(token, before, afterwards, amount);
    }
  }

  function _payOrCredit(bytes32 id, address token, address to, uint256 amount) private {
    uint256 available = gasleft();
    if (_pay(token, to, amount, available > PAYMENT_GAS ? available - CREDIT_GAS : available)) return;
    if (available < PAYMENT_GAS) revert PaymentUnderGassed(available, PAYMENT_GAS);
    credit[token][to] += amount;
    emit Credited(id, token, to, amount);
  }

  function _pay(address token, address to, uint256 amount, uint256 gasLimit) private returns (bool paid) {
    if (token == address(0)) {
      assembly ("memory-safe") {
        paid := call(gasLimit, to, amount, 0, 0, 0, 0)
      }
    } else {
      bytes memory data = abi.encodeCall(this.push, (token, to, amount));
      assembly ("memory-safe") {
        paid := call(gasLimit, address(), 0, add(data, 32), mload(data), 0, 0)
      }
    }
  }

  /// @dev True for a call that succeeded with `true` or, from a contract, with nothing. One word of the answer is copied.
  function _call(address token, bytes memory data) private returns (bool ok) {
    assembly ("memory-safe") {
      mstore(0, 0)
      ok := call(gas(), token, 0, add(data, 32), mload(data), 0, 32)
      switch returndatasize()
      case 0 { ok := and(ok, gt(extcodesize(token), 0)) }
      default { ok := and(ok, and(gt(returndatasize(), 31), eq(mload(0), 1))) }
    }
  }

  function _balance(address token) private view returns (uint256 held) {
    bytes memory data = abi.encodeWithSelector(0x70a08231, address(this));
    bool ok;
    assembly ("memory-safe") {
      ok := staticcall(gas(), token, add(data, 32), mload(data), 0, 32)
      ok := and(ok, gt(returndatasize(), 31))
      held := mload(0)
    }
    if (!ok) revert TokenRefused(token);
  }
}
