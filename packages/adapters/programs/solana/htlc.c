/* Hash time-locked payments of lamports and SPL tokens.
 *
 * A lock is an account at an address derived from the hash of all its terms, by its canonical bump: whoever knows the terms knows the
 * address, and one account holds one lock.
 *
 * - A claim carries the 32-byte preimage of a SHA-256 hash, is refused from the deadline on (unix seconds of the Clock sysvar), and counts at
 *   once, whoever sends it. A refund is refused before the deadline.
 * - What is paid to whom is settled by claim or refund; paying it out is a step of its own, by anyone, as often as it takes. So a payee who
 *   can't be paid now (no rent, a frozen token account) can't undo a claim whose secret is out.
 * - The account stays until the deadline, with its outcome and secret, so that equal terms are never locked twice; then whoever paid its rent
 *   gets that back.
 * - Tokens are those of the SPL Token program alone. The token account that holds them is part of the lock; all it has is paid out, so
 *   tokens that somebody throws in block nothing.
 * - There is no owner, no fee, and nothing to upgrade in the program itself.
 */
#include "sbf.h"

enum {
  BAD_DATA = 1,
  BAD_ACCOUNTS,
  NOT_SIGNED,
  WRONG_ADDRESS,
  WRONG_STATE,
  WRONG_SECRET,
  DEADLINE_PASSED,
  DEADLINE_NOT_REACHED,
  AMOUNT_ZERO,
  HASHLOCK_REFUSED,
  BENEFICIARY_REFUSED,
  TOKEN_REFUSED,
  RENT_UNKNOWN,
};
enum { LOCKED = 1, CLAIMED, REFUNDED };

typedef struct __attribute__((packed)) {
  u8 version, status, paid, decimals;
  u64 amount;
  i64 deadline;
  Key hashlock, locker, beneficiary;
  Key mint; /* Zero for lamports. */
  Key salt;
  Key vault; /* Zero for lamports. */
  Key secret;
} Lock;
_Static_assert(sizeof(Lock) == 244, "the layout of a lock");

#define TRY(step)                \
  do {                           \
    u64 result_ = (step);        \
    if (result_) return result_; \
  } while (0)

static const u8 DOMAIN[13] = {'a', 'i', 't', 'b', 'c', '/', 'h', 't', 'l', 'c', '/', 'v', '1'};
static const u8 SEED[4] = {'h', 't', 'l', 'c'};
static const Key SYSTEM = {{0}};
/* TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA */
static const Key TOKEN = {{6, 221, 246, 225, 215, 101, 161, 147, 217, 203, 225, 70, 206, 235, 121, 172,
                           28, 180, 133, 237, 95, 91, 55, 145, 58, 140, 245, 133, 126, 255, 0, 169}};
/* sha256 of 32 zero bytes: a lock that anyone opens. */
static const Key ZERO_SECRET_HASH = {{0x66, 0x68, 0x7a, 0xad, 0xf8, 0x62, 0xbd, 0x77, 0x6c, 0x8f, 0xc1, 0x8b, 0x8e, 0x9f, 0x8e, 0x20,
                                      0x08, 0x97, 0x14, 0x85, 0x6e, 0xe2, 0x33, 0xb3, 0x90, 0x2a, 0x59, 0x1d, 0x0d, 0x5f, 0x29, 0x25}};

/* A token account: mint, owner, amount, delegate (option), state, native (option), delegated amount, close authority (option). */
enum { TOKEN_LENGTH = 165, AT_OWNER = 32, AT_AMOUNT = 64, AT_DELEGATE = 72, AT_STATE = 108, AT_CLOSER = 129 };

INLINE void copy(Key *to, const void *from) { sol_memcpy_(to, from, 32); }

/* The hash of a lock's terms, with the program's own address. */
OUTLINE u64 id_of(const Lock *lock, const Key *program, Key *out) {
  const Slice parts[] = {{DOMAIN, 13},           {program, 32},           {&lock->mint, 32},     {&lock->amount, 8},
                         {&lock->hashlock, 32},  {&lock->locker, 32},     {&lock->beneficiary, 32},
                         {&lock->deadline, 8},   {&lock->salt, 32}};
  return sol_sha256(parts, 9, out->bytes);
}

typedef struct {
  const Key *from, *mint, *to, *owner;
  u64 amount;
  u8 decimals;
  const Signer *signer;
} Move;

/* A transfer of tokens that fails unless mint and decimals are right. */
OUTLINE u64 move_tokens(const Account *accounts, u64 count, const Move *move) {
  u8 data[10];
  data[0] = 12;
  *(u64 *)(data + 1) = move->amount;
  data[9] = move->decimals;
  const Meta metas[] = {{move->from, 1, 0}, {move->mint, 0, 0}, {move->to, 1, 0}, {move->owner, 0, 1}};
  const Call call = {&TOKEN, metas, 4, data, 10};
  return sol_invoke_signed_c(&call, accounts, count, move->signer, move->signer ? 1 : 0);
}

/* Transfer, allocate, assign: CreateAccount fails where somebody has sent lamports to the address before. */
OUTLINE u64 create(const Account *accounts, u64 count, u64 lamports, const Key *program, const Signer *signer) {
  u8 data[36];
  Meta metas[2] = {{accounts[0].key, 1, 1}, {accounts[1].key, 1, 0}};
  Call call = {&SYSTEM, metas, 2, data, 12};
  *(u32 *)data = 2;
  *(u64 *)(data + 4) = lamports;
  TRY(sol_invoke_signed_c(&call, accounts, count, 0, 0));
  metas[0] = (Meta){accounts[1].key, 1, 1};
  call.count = 1;
  *(u32 *)data = 8;
  *(u64 *)(data + 4) = sizeof(Lock);
  TRY(sol_invoke_signed_c(&call, accounts, count, signer, 1));
  *(u32 *)data = 1;
  sol_memcpy_(data + 4, program, 32);
  call.length = 36;
  return sol_invoke_signed_c(&call, accounts, count, signer, 1);
}

/* [0] mint amount hashlock beneficiary deadline salt decimals, and a record that only the locker can read.
 * locker (signs, pays), lock, system program; for tokens: mint, locker's tokens, vault, token program. */
OUTLINE u64 lock_funds(Account *a, u64 count, const u8 *data, u64 length, const Key *program) {
  enum { HEAD = 1 + 32 + 8 + 32 + 32 + 8 + 32 + 1 };
  if (length < HEAD) return BAD_DATA;
  if (count != 3 && count != 7) return BAD_ACCOUNTS;
  if (!a[0].signer) return NOT_SIGNED;
  if (!same(a[2].key, &SYSTEM, 32)) return BAD_ACCOUNTS;

  Lock terms;
  terms.version = 1;
  terms.status = LOCKED;
  terms.paid = 0;
  copy(&terms.mint, data + 1);
  terms.amount = read64(data + 33);
  copy(&terms.hashlock, data + 41);
  copy(&terms.locker, a[0].key);
  copy(&terms.beneficiary, data + 73);
  terms.deadline = (i64)read64(data + 105);
  copy(&terms.salt, data + 113);
  terms.decimals = data[145];
  copy(&terms.vault, &SYSTEM);
  copy(&terms.secret, &SYSTEM);

  Clock clock;
  TRY(sol_get_clock_sysvar(&clock));
  if (!terms.amount) return AMOUNT_ZERO;
  if (terms.deadline <= clock.time) return DEADLINE_PASSED;
  if (same(&terms.hashlock, &SYSTEM, 32) || same(&terms.hashlock, &ZERO_SECRET_HASH, 32)) return HASHLOCK_REFUSED;

  Key id, address;
  u8 bump;
  TRY(id_of(&terms, program, &id));
  const Slice seeds[] = {{SEED, 4}, {&id, 32}, {&bump, 1}};
  TRY(sol_try_find_program_address(seeds, 2, program, &address, &bump));
  if (!same(&address, a[1].key, 32)) return WRONG_ADDRESS;
  if (same(&terms.beneficiary, &SYSTEM, 32) || same(&terms.beneficiary, &address, 32)) return BENEFICIARY_REFUSED;
  const Signer signer = {seeds, 3};

  int tokens = !same(&terms.mint, &SYSTEM, 32);
  if (tokens != (count == 7)) return BAD_ACCOUNTS;
  Rent rent;
  TRY(sol_get_rent_sysvar(&rent));
  /* The threshold is 2.0, and 1.0 once SIMD-0194 is active. */
  u64 times = rent.threshold == 0x4000000000000000ul ? 2 : rent.threshold == 0x3ff0000000000000ul ? 1 : 0;
  if (!times) return RENT_UNKNOWN;
  u64 reserve = (128 + sizeof(Lock)) * rent.per_byte * times;
  if (!tokens && terms.amount + reserve < terms.amount) return BAD_DATA;
  TRY(create(a, count, reserve + (tokens ? 0 : terms.amount), program, &signer));

  if (tokens) {
    const u8 *vault = a[5].data;
    if (!same(a[6].key, &TOKEN, 32) || !same(a[5].owner, &TOKEN, 32) || a[5].length != TOKEN_LENGTH) return TOKEN_REFUSED;
    if (!same(vault, &terms.mint, 32) || !same(vault + AT_OWNER, &address, 32) || !same(a[3].key, &terms.mint, 32)) return TOKEN_REFUSED;
    /* Nobody else may close the vault or take from it. */
    if (*(const u32 *)(vault + AT_DELEGATE) || *(const u32 *)(vault + AT_CLOSER) || vault[AT_STATE] != 1) return TOKEN_REFUSED;
    copy(&terms.vault, a[5].key);
    u64 before = read64(vault + AT_AMOUNT);
    const Move move = {a[4].key, a[3].key, a[5].key, a[0].key, terms.amount, terms.decimals, 0};
    TRY(move_tokens(a, count, &move));
    if (read64(vault + AT_AMOUNT) - before != terms.amount) return TOKEN_REFUSED;
  }
  sol_memcpy_(a[1].data, &terms, sizeof(Lock));
  const Slice event[] = {{"lock", 4}, {&id, 32}, {&terms, sizeof(Lock)}, {data + HEAD, length - HEAD}};
  sol_log_data(event, 4);
  return 0;
}

/* [1] secret: lock. */
OUTLINE u64 claim(const Account *a, Lock *lock, const u8 *data, u64 length, i64 time) {
  if (length != 33) return BAD_DATA;
  if (lock->status != LOCKED) return WRONG_STATE;
  if (time >= lock->deadline) return DEADLINE_PASSED;
  Key hash;
  const Slice secret = {data + 1, 32};
  TRY(sol_sha256(&secret, 1, hash.bytes));
  if (!same(&hash, &lock->hashlock, 32)) return WRONG_SECRET;
  lock->status = CLAIMED;
  copy(&lock->secret, data + 1);
  const Slice event[] = {{"claim", 5}, {a[0].key, 32}, {data + 1, 32}};
  sol_log_data(event, 3);
  return 0;
}

/* [2]: lock. */
OUTLINE u64 refund(const Account *a, Lock *lock, i64 time) {
  if (lock->status != LOCKED) return WRONG_STATE;
  if (time < lock->deadline) return DEADLINE_NOT_REACHED;
  lock->status = REFUNDED;
  const Slice event[] = {{"refund", 6}, {a[0].key, 32}};
  sol_log_data(event, 2);
  return 0;
}

OUTLINE u64 sign_for(const Lock *lock, const Key *program, Key *id, u8 *bump) {
  Key address;
  TRY(id_of(lock, program, id));
  const Slice seeds[] = {{SEED, 4}, {id, 32}};
  return sol_try_find_program_address(seeds, 2, program, &address, bump);
}

/* [3]: lock, payee; for tokens: mint, vault, payee's tokens, token program. */
OUTLINE u64 pay(Account *a, u64 count, Lock *lock, const Key *program) {
  if (lock->status == LOCKED) return WRONG_STATE;
  const Key *payee = lock->status == CLAIMED ? &lock->beneficiary : &lock->locker;
  if (count < 2 || !same(a[1].key, payee, 32)) return BAD_ACCOUNTS;
  if (same(&lock->mint, &SYSTEM, 32)) {
    if (count != 2) return BAD_ACCOUNTS;
    if (lock->paid) return WRONG_STATE;
    *a[0].lamports -= lock->amount;
    *a[1].lamports += lock->amount;
    lock->paid = 1;
    return 0;
  }
  if (count != 6 || !same(a[3].key, &lock->vault, 32) || !same(a[5].key, &TOKEN, 32)) return BAD_ACCOUNTS;
  if (a[4].length != TOKEN_LENGTH || !same(a[4].owner, &TOKEN, 32) || !same(a[4].data + AT_OWNER, payee, 32)) return TOKEN_REFUSED;
  /* To itself, a vault would be emptied by nothing. */
  if (same(a[4].key, a[3].key, 32)) return TOKEN_REFUSED;
  u64 held = read64(a[3].data + AT_AMOUNT);
  if (!held) return WRONG_STATE;
  Key id;
  u8 bump;
  TRY(sign_for(lock, program, &id, &bump));
  const Slice seeds[] = {{SEED, 4}, {&id, 32}, {&bump, 1}};
  const Signer signer = {seeds, 3};
  lock->paid = 1;
  const Move move = {a[3].key, a[2].key, a[4].key, a[0].key, held, lock->decimals, &signer};
  return move_tokens(a, count, &move);
}

/* [4]: lock, locker; for tokens: vault, token program. From the deadline on, when all is paid. */
OUTLINE u64 close(Account *a, u64 count, Lock *lock, const Key *program, i64 time) {
  if (!lock->paid) return WRONG_STATE;
  if (time < lock->deadline) return DEADLINE_NOT_REACHED;
  if (count < 2 || !same(a[1].key, &lock->locker, 32)) return BAD_ACCOUNTS;
  if (same(&lock->mint, &SYSTEM, 32)) {
    if (count != 2) return BAD_ACCOUNTS;
  } else {
    if (count != 4 || !same(a[2].key, &lock->vault, 32) || !same(a[3].key, &TOKEN, 32)) return BAD_ACCOUNTS;
    Key id;
    u8 bump;
    TRY(sign_for(lock, program, &id, &bump));
    const Slice seeds[] = {{SEED, 4}, {&id, 32}, {&bump, 1}};
    const Signer signer = {seeds, 3};
    const u8 data[1] = {9};
    const Meta metas[] = {{a[2].key, 1, 0}, {a[1].key, 1, 0}, {a[0].key, 0, 1}};
    const Call call = {&TOKEN, metas, 3, data, 1};
    TRY(sol_invoke_signed_c(&call, a, count, &signer, 1));
  }
  /* Gone after the transaction; of no use until then. */
  lock->version = 0xff;
  *a[1].lamports += *a[0].lamports;
  *a[0].lamports = 0;
  return 0;
}

u64 entrypoint(u8 *input) {
  Account a[7];
  u64 count;
  const u8 *at = read_accounts(input, a, 7, &count);
  if (!at || !count) return BAD_ACCOUNTS;
  u64 length = read64(at);
  const u8 *data = at + 8;
  const Key *program = (const Key *)(data + length);
  if (!length) return BAD_DATA;
  if (data[0] == 0) return lock_funds(a, count, data, length, program);
  if (!same(a[0].owner, program, 32) || a[0].length != sizeof(Lock) || !a[0].writable) return WRONG_STATE;
  Lock *lock = (Lock *)a[0].data;
  if (lock->version != 1) return WRONG_STATE;
  Clock clock;
  TRY(sol_get_clock_sysvar(&clock));
  if (data[0] == 1) return count == 1 ? claim(a, lock, data, length, clock.time) : BAD_ACCOUNTS;
  if (length != 1) return BAD_DATA;
  if (data[0] == 2) return count == 1 ? refund(a, lock, clock.time) : BAD_ACCOUNTS;
  if (data[0] == 3) return pay(a, count, lock, program);
  if (data[0] == 4) return close(a, count, lock, program, clock.time);
  return BAD_DATA;
}
