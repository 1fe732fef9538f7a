/* What a program and the Solana runtime agree on: the input's layout, the structures of cross-program calls, the syscalls used here. */
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long i64;

typedef struct {
  u8 bytes[32];
} Key;

typedef struct {
  const Key *key;
  u64 *lamports;
  u64 length;
  u8 *data;
  const Key *owner;
  u64 rent_epoch;
  u8 signer, writable, executable;
} Account;

typedef struct {
  const Key *key;
  u8 writable, signer;
} Meta;

typedef struct {
  const Key *program;
  const Meta *accounts;
  u64 count;
  const u8 *data;
  u64 length;
} Call;

typedef struct {
  const void *at;
  u64 length;
} Slice;

typedef struct {
  const Slice *seeds;
  u64 count;
} Signer;

typedef struct {
  u64 slot;
  i64 epoch_start;
  u64 epoch, schedule_epoch;
  i64 time;
} Clock;

typedef struct {
  u64 per_byte;
  u64 threshold; /* The bits of a double. */
  u8 burn;
} Rent;

extern u64 sol_sha256(const Slice *parts, u64 count, u8 *out);
extern u64 sol_get_clock_sysvar(Clock *out);
extern u64 sol_get_rent_sysvar(Rent *out);
extern u64 sol_memcpy_(void *to, const void *from, u64 length);
extern u64 sol_memcmp_(const void *a, const void *b, u64 length, int *out);
extern u64 sol_log_data(const Slice *parts, u64 count);
extern u64 sol_try_find_program_address(const Slice *seeds, u64 count, const Key *program, Key *out, u8 *bump);
extern u64 sol_invoke_signed_c(const Call *call, const Account *accounts, u64 count, const Signer *signers, u64 signer_count);

#define INLINE static inline __attribute__((always_inline))
#define OUTLINE static __attribute__((noinline))

/* The runtime leaves this much room behind each account's data. */
#define GROWTH 10240

INLINE u64 read64(const u8 *at) { return *(const u64 *)at; }

INLINE int same(const void *a, const void *b, u64 length) {
  int order;
  sol_memcmp_(a, b, length, &order);
  return order == 0;
}

/* Reads at most `most` accounts; gives what is behind them, or nothing where there are more. */
INLINE const u8 *read_accounts(u8 *at, Account *out, u64 most, u64 *count) {
  *count = read64(at);
  if (*count > most) return 0;
  at += 8;
  for (u64 i = 0; i < *count; i++) {
    u8 twin = at[0];
    if (twin != 0xff) {
      if (twin >= i) return 0;
      out[i] = out[twin];
      at += 8;
      continue;
    }
    out[i].signer = at[1];
    out[i].writable = at[2];
    out[i].executable = at[3];
    out[i].key = (const Key *)(at + 8);
    out[i].owner = (const Key *)(at + 40);
    out[i].lamports = (u64 *)(at + 72);
    out[i].length = read64(at + 80);
    out[i].data = at + 88;
    at += 88 + out[i].length + GROWTH;
    at = (u8 *)(((u64)at + 7) & ~7ul);
    out[i].rent_epoch = read64(at);
    at += 8;
  }
  return at;
}
