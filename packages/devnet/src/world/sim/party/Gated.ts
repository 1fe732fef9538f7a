// What a process does things with, so that each of them goes through its gate.
import type { SeedWallet, Storage, SwapAdapter } from '@aitbc/core'
import type { Passage } from './Gate.js'

export function adapter(of: SwapAdapter, { call, stops }: Passage): SwapAdapter {
  const { arm } = of
  return {
    ...of,
    tip: (o) => call('tip', [], () => of.tip(o)),
    balance: (account, o) => call('balance', [account], () => of.balance(account, o)),
    feeRates: (o) => call('feeRates', [], () => of.feeRates(o)),
    prepare: (intent, o) => call('prepare', [intent], () => of.prepare(intent, o)),
    submit: (signed, o) => call('submit', [signed], () => of.submit(signed, o)),
    replace: (submission, rate, o) => call('replace', [submission], () => of.replace(submission, rate, o)),
    status: (submission, o) => call('status', [submission], () => of.status(submission, o)),
    findLocks: (terms, o) => call('findLocks', [terms], () => of.findLocks(terms, o)),
    findSpend: (terms, lock, o) => call('findSpend', [lock], () => of.findSpend(terms, lock, o)),
    discoverLocks: (hashlock, o) => call('discoverLocks', [hashlock], () => of.discoverLocks(hashlock, o)),
    recoverLocks: (seed, o) => call('recoverLocks', [], () => of.recoverLocks(seed, o)),
    ...(arm === undefined ? {} : { arm: (terms, lock, o) => call('arm', [lock], () => arm(terms, lock, o)) }),
    prove: (claim, o) => call('prove', [claim], () => of.prove(claim, o)),
    ...(stops === undefined
      ? {}
      : {
          async *watch(subject, o) {
            for await (const event of of.watch(subject, o)) {
              if (stops('at a sighting')) return
              yield event
            }
          },
        }),
  }
}

export function signerOf(wallet: SeedWallet, { call }: Passage): SeedWallet['signer'] {
  return (account, nonce) => {
    const signer = wallet.signer(account, nonce)
    if (signer?.kind !== 'signs') return signer
    return { ...signer, sign: (step, o) => call('sign', [step], () => signer.sign(step, o)) }
  }
}

/** Storage whose reads go through the gate, and whose writes are heard; what becomes of those, the disk is told (`Passage.fate`). */
export function storage(of: Storage, { heard, read }: Passage): Storage {
  return {
    get: (key, o) => {
      heard('get', [])
      return read('get', () => of.get(key, o))
    },
    list: (prefix, o) => {
      heard('list', [])
      return read('list', () => of.list(prefix, o))
    },
    put: (key, value, o) => {
      heard('put', [value])
      return of.put(key, value, o)
    },
    compareAndSet: (key, expected, value, o) => {
      heard('compareAndSet', [value])
      return of.compareAndSet(key, expected, value, o)
    },
    async log(name, o) {
      heard('log', [])
      const log = await read('log', () => of.log(name, o))
      return {
        ...log,
        read: (p) => read('read', () => log.read(p)),
        append: (bytes, p) => {
          heard('append', [bytes])
          return log.append(bytes, p)
        },
      }
    },
  }
}
