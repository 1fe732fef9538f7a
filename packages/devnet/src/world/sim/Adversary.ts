// A hostile party: its own keys, its own view of the chains, and whatever its deeds say.
import { type Intent, isAitbcError, type LockTerms, type Step, type SwapSeed } from '@aitbc/core'
import { Agreement } from '@aitbc/swap'
import * as Chain from '../Chain.js'
import { createWorldAdapter } from '../createWorldAdapter.js'
import { honest } from '../Endpoint.js'
import type { Family } from '../Family.js'
import type * as Ledger from '../Ledger.js'
import { bodyOf, encode, sign } from '../steps.js'
import * as Keys from './Keys.js'
import type { HostileAct, Leg, Role } from './Plan.js'

export interface Options {
  readonly role: Role
  readonly seed: SwapSeed.SwapSeed
  readonly chains: { readonly [L in Leg]: Chain.Chain }
  readonly terms: { readonly [L in Leg]: LockTerms.LockTerms }
  /** Undoes blocks from a height on, where that can be. */
  readonly undo: (leg: Leg, height: bigint, drop: (tx: Ledger.Tx) => boolean) => void
  /** The secret, once this party knows it. */
  readonly secret: () => string | undefined
  readonly told: (line: string) => void
}

export interface Adversary {
  act(what: HostileAct): Promise<void>
}

export function create(options: Options): Adversary {
  const { role, chains, terms } = options
  const own = Agreement.ownLeg(role)
  const incoming = Agreement.incomingLeg(role)
  const side = (leg: Leg) => {
    const chain = chains[leg]
    const { network } = chain
    return {
      chain,
      family: chain.family,
      wallet: Keys.wallet(options.seed, network),
      adapter: createWorldAdapter({ network, endpoint: honest(chain) }),
    }
  }
  const sides = { long: side('long'), short: side('short') }

  const prepared = async (leg: Leg, intent: Intent): Promise<Step | undefined> => {
    try {
      return (await sides[leg].adapter.prepare(intent))[0]
    } catch (error) {
      if (isAitbcError(error)) return undefined
      throw error
    }
  }
  const send = (
    leg: Leg,
    step: Step | undefined,
    change: Partial<Ledger.Body> = {},
    hidden = false,
  ): void => {
    if (step === undefined) return
    const { chain, family } = sides[leg]
    const signed = sign(family, altered(family, step, change))
    const answer = Chain.accept(chain, { ...bodyOf(family, signed.step), id: signed.id }, { hidden })
    options.told(`${role} (hostile) sends ${step.kind} ${signed.id.slice(0, 12)} on ${leg}: ${answer.is}`)
  }
  const lock = async (leg: Leg, amount: (whole: bigint) => bigint, script = terms[leg]): Promise<void> => {
    const { wallet, family } = sides[leg]
    const intent = { kind: 'lock', terms: script, from: wallet.funding } as const
    const step = await prepared(leg, family.kind === 'coins' ? intent : { kind: 'lock', terms: script })
    if (step === undefined) return
    const body = bodyOf(family, step)
    const { does } = body
    if (does.is !== 'lock') return
    const sum = amount(does.amount)
    const more = sum - does.amount
    // An amount of its own choice, out of its own change.
    const change = body.change === undefined ? {} : { change: body.change - more }
    send(leg, step, { does: { ...does, amount: sum }, ...change })
  }
  const held = (leg: Leg): readonly Ledger.Held[] =>
    [...Chain.tip(chains[leg]).ledger.locks.values()].filter((one) => one.spend === undefined)
  const asLock = ({ ref, tx, amount }: Ledger.Held) => ({
    ref,
    transaction: tx,
    amount,
    match: 'exact' as const,
  })
  const claim = async (secret: string | undefined, change: Partial<Ledger.Body>, hidden = false) => {
    if (secret === undefined) return
    for (const one of held(incoming)) {
      const step = await prepared(incoming, {
        kind: 'refund',
        terms: terms[incoming],
        lock: asLock(one),
        ...(sides[incoming].family.kind === 'accounts' ? { feePayer: sides[incoming].wallet.funding } : {}),
      })
      if (step === undefined) continue
      const { ref, script } = one
      const { validFrom: _, ...body } = bodyOf(sides[incoming].family, step)
      const { account } = terms[incoming].beneficiary
      const payer = sides[incoming].family.kind === 'coins' ? { from: account } : {}
      const { validFrom, ...rest } = step
      const claiming = {
        ...body,
        ...(sides[incoming].family.kind === 'coins'
          ? { from: account.slice(account.lastIndexOf(':') + 1) }
          : {}),
        does: { is: 'claim', ref, key: script.key, secret } as const,
        ...change,
      }
      const { family } = sides[incoming]
      const made: Step = {
        ...rest,
        ...payer,
        kind: 'claim',
        payload: encode(claiming),
        conflictKey: claiming.slots[0] as string,
      }
      const signed = sign(family, made)
      const answer = Chain.accept(chains[incoming], { ...claiming, id: signed.id }, { hidden })
      options.told(`${role} (hostile) claims ${signed.id.slice(0, 12)} on ${incoming}: ${answer.is}`)
    }
  }

  return {
    async act(what) {
      switch (what) {
        case 'lock':
        case 'lock-again':
          return lock(own, (whole) => whole)
        case 'lock-less':
          return lock(own, (whole) => whole / 2n)
        case 'lock-more':
          return lock(own, (whole) => whole + whole / 7n)
        case 'gift-dust':
        case 'gift-whole':
          // Only a script can be paid to by anybody.
          if (sides[incoming].family.kind === 'accounts') return
          return lock(incoming, (whole) => (what === 'gift-whole' ? whole : whole / 1000n))
        case 'unlock': {
          const { chain, family, adapter } = sides[own]
          for (const { tx } of chain.mempool) {
            if (tx.does.is !== 'lock' || tx.does.script.locker !== addressOf(terms[own].locker.account))
              continue
            const { id, ...body } = tx
            const step = stepOf(family, chain, body)
            try {
              const [taken] = await adapter.prepare({
                kind: 'void',
                submission: { step, id, attempts: [id], raw: new Uint8Array() },
              })
              send(own, taken)
            } catch (error) {
              if (!isAitbcError(error)) throw error
            }
          }
          return
        }
        case 'claim':
        case 'front-run':
          return claim(options.secret(), {})
        case 'claim-hidden':
          return claim(options.secret(), {}, true)
        case 'claim-pinned': {
          const { family, chain } = sides[incoming]
          if (family.contest !== 'replace-by-fee') return claim(options.secret(), {})
          const rate = chain.network.fees.minRelay
          const size = 100_000n
          return claim(options.secret(), { rate, size, fee: family.feeOf(rate, size) })
        }
        case 'undo-lock':
          for (const { tx: id, height, script } of held(own)) {
            if (script.locker !== addressOf(terms[own].locker.account)) continue
            options.told(`${role} (hostile) undoes its lock of height ${height}`)
            options.undo(own, height, (tx) => tx.id === id)
          }
          return
        case 'claim-wrong':
          return claim('ee'.repeat(32), {})
        case 'refund':
          for (const one of held(own)) {
            const step = await prepared(own, { kind: 'refund', terms: terms[own], lock: asLock(one) })
            send(own, step)
          }
      }
    },
  }
}

function altered(family: Family, step: Step, change: Partial<Ledger.Body>): Step {
  const body = { ...bodyOf(family, step), ...change }
  return { ...step, payload: encode(body), conflictKey: body.slots[0] as string }
}

function stepOf(family: Family, { network }: Chain.Chain, body: Ledger.Body): Step {
  return {
    network: network.id,
    kind: 'lock',
    from: `${network.id}:${body.from}`,
    format: family.format,
    payload: encode(body),
    maxFee: { asset: network.native.id, amount: body.fee },
    conflictKey: body.slots[0] as string,
  }
}

function addressOf(account: string): string {
  return account.slice(account.lastIndexOf(':') + 1)
}
