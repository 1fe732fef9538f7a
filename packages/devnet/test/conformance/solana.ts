import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSolanaAdapter } from '@aitbc/adapters/solana'
import { Bytes } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { Address, Pda } from '@aitbc/proofs/solana'
import { createSolanaChain } from '../../src/index.js'
import type { Act, Actor, Moves, Outcome, Terms, Trace } from './Automaton.js'
import { hashlockOf, saltOf, sha256, shown, text } from './bytes.js'
import type { Driver } from './conform.js'

/** An account of an instruction: its address, and whether it signs or is written. */
type Meta = readonly [address: Uint8Array, signs: boolean, written: boolean]
interface Instruction {
  readonly program: Uint8Array
  readonly accounts: readonly Meta[]
  readonly data: Uint8Array
}

const SYSTEM = new Uint8Array(32)
const TOKEN = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA'
const PROGRAM_OF_TOKENS = ((read) => (read.ok ? read.value : SYSTEM))(Address.decode(TOKEN))
const LOCK_SIZE = 244n
const DECIMALS = 6
const LEAST = 1n
const ACTORS: readonly Actor[] = ['alice', 'bob', 'mallory']

/**
 * The program on agave's runtime: built for version 0 of the machine and for version 3, by turns. Who signs is what the messages say: the
 * signatures themselves are the runtime's matter, not the program's, and are not checked here.
 */
export async function createSolanaDriver(): Promise<Driver> {
  const chain = await createSolanaChain({ stakes: [1n] })
  const { kit, svm } = chain
  const decoder = kit.getTransactionDecoder()
  let now = 1_900_000_000n
  const payer = sha256(text('payer'))
  const actors = { alice: sha256(text('alice')), bob: sha256(text('bob')), mallory: sha256(text('mallory')) }
  for (const key of [payer, ...Object.values(actors)]) chain.fund(Address.encode(key), 1_000_000_000_000n)
  const folder = join(import.meta.dirname, '../../../adapters/programs/solana')
  const programs: Uint8Array[] = []
  for (const version of [0, 3]) {
    const file = new Uint8Array(readFileSync(join(folder, `htlc-v${version}.so`)))
    const read = Address.decode(await chain.deploy(file))
    if (!read.ok) throw new Error(read.refusal.message)
    programs.push(read.value)
  }
  const reserve = svm.minimumBalanceForRentExemption(LOCK_SIZE)

  const store = (key: Uint8Array, data: Uint8Array) =>
    svm.setAccount({
      address: kit.address(Address.encode(key)),
      lamports: kit.lamports(svm.minimumBalanceForRentExemption(BigInt(data.length))),
      data,
      programAddress: kit.address(TOKEN),
      executable: false,
      space: BigInt(data.length),
    })
  const [mint, otherMint] = [sha256(text('mint')), sha256(text('other mint'))] as const
  for (const key of [mint, otherMint]) {
    const data = new Uint8Array(82)
    data.set(u64(10n ** 18n), 36)
    data.set([DECIMALS, 1], 44)
    store(key, data)
  }
  /** A token account of an owner, made as it is. */
  const hold = (key: Uint8Array, of: Uint8Array, owner: Uint8Array, amount: bigint) => {
    const data = new Uint8Array(165)
    data.set(of)
    data.set(owner, 32)
    data.set(u64(amount), 64)
    data[108] = 1
    store(key, data)
  }
  const purse = (actor: Actor, of = mint) => sha256(of, actors[actor])
  for (const actor of ACTORS)
    for (const of of [mint, otherMint]) hold(purse(actor, of), of, actors[actor], 10n ** 17n)

  const lamports = (key: Uint8Array) => svm.getBalance(kit.address(Address.encode(key))) ?? 0n
  const tokens = (key: Uint8Array) => {
    const found = svm.getAccount(kit.address(Address.encode(key)))
    if (!found.exists || found.data.length !== 165) return 0n
    const { buffer, byteOffset } = Uint8Array.from(found.data)
    return new DataView(buffer, byteOffset).getBigUint64(64, true)
  }

  /** Where a lock of terms is, with an account for its tokens. */
  interface Place {
    readonly deadline: bigint
    readonly at: Uint8Array
    readonly vault: Uint8Array
    readonly otherVault: Uint8Array
  }
  function placeOf(terms: Terms, origin: bigint, program: Uint8Array): Place {
    const deadline = origin + BigInt(terms.deadline)
    const id = sha256(
      text('aitbc/htlc/v1'),
      program,
      terms.asset === 'coin' ? SYSTEM : mint,
      u64(LEAST + BigInt(terms.over)),
      hashlockOf(terms.preimage),
      actors[terms.locker],
      actors[terms.beneficiary],
      u64(deadline),
      saltOf(terms),
    )
    const found = Pda.find(program, [text('htlc'), id])
    if (!found.ok) throw new Error(found.refusal.check)
    const at = found.value.address
    const [vault, otherVault] = [sha256(text('vault'), at), sha256(text('other vault'), at)]
    hold(vault, mint, at, 0n)
    hold(otherVault, otherMint, at, 0n)
    return { deadline, at, vault, otherVault }
  }

  const written = (key: Uint8Array): Meta => [key, false, true]
  const fixed = (key: Uint8Array): Meta => [key, false, false]

  function instructionsOf(act: Act, terms: Terms, place: Place, program: Uint8Array): readonly Instruction[] {
    const { deadline, at, vault, otherVault } = place
    const inTokens = terms.asset === 'token'
    /** The accounts of a payment in tokens. */
    const ofTokens = (of: Uint8Array, from: Uint8Array, to: Uint8Array): readonly Meta[] => [
      fixed(of),
      written(from),
      written(to),
      fixed(PROGRAM_OF_TOKENS),
    ]
    if (act.do === 'lock') {
      const data = new Uint8Array(146)
      if (inTokens) data.set(mint, 1)
      data.set(u64(LEAST + BigInt(terms.over)), 33)
      data.set(hashlockOf(terms.preimage), 41)
      data.set(actors[terms.beneficiary], 73)
      data.set(u64(deadline), 105)
      data.set(saltOf(terms), 113)
      data[145] = DECIMALS
      // Another asset: tokens for coins, or tokens of another kind.
      const paid =
        act.twist === 'asset'
          ? ofTokens(otherMint, purse(act.by, otherMint), otherVault)
          : inTokens
            ? ofTokens(mint, purse(act.by), vault)
            : []
      return [
        { program, data, accounts: [[actors[act.by], true, true], written(at), fixed(SYSTEM), ...paid] },
      ]
    }
    const settle = act.do === 'claim' ? Uint8Array.of(1, ...shown(terms, act.secret)) : Uint8Array.of(2)
    const payee = act.twist === 'payee' ? 'mallory' : act.do === 'claim' ? terms.beneficiary : terms.locker
    const paid =
      act.twist === 'asset'
        ? ofTokens(otherMint, otherVault, purse(payee, otherMint))
        : inTokens
          ? ofTokens(mint, vault, purse(payee))
          : []
    const to = act.twist === 'contract' ? (programs.find((it) => it !== program) as Uint8Array) : program
    return [
      { program: to, data: settle, accounts: [written(at)] },
      { program: to, data: Uint8Array.of(3), accounts: [written(at), written(actors[payee]), ...paid] },
    ]
  }

  let count = 0
  let turn = 0
  async function run(traces: readonly Trace[]): Promise<readonly (readonly Outcome[])[]> {
    const program = programs[turn++ % programs.length] as Uint8Array
    return traces.map(({ terms, acts }) => {
      const origin = now + 1000n
      const places = terms.map((one) => placeOf(one, origin, program))
      return acts.map((act) => {
        now = origin + BigInt(act.time)
        const clock = svm.getClock()
        clock.unixTimestamp = now
        svm.setClock(clock)
        const own = terms[act.terms] as Terms
        const place = places[act.terms] as Place
        const by = actors[act.by]
        // Whoever acts signs, by a payment to itself; the amount makes each transaction its own.
        const unique = { program: SYSTEM, data: Uint8Array.of(2, 0, 0, 0, ...u64(BigInt(++count))) }
        const bytes = assemble(payer, [
          ...instructionsOf(act, own, place, program),
          { ...unique, accounts: [[by, true, true], written(by)] },
        ])
        return outcomeOf(act, own, place, bytes)
      })
    })
  }

  function outcomeOf(act: Act, terms: Terms, place: Place, bytes: Uint8Array): Outcome {
    const holdings = () =>
      terms.asset === 'coin'
        ? [...ACTORS.map((actor) => lamports(actors[actor])), lamports(place.at)]
        : [...ACTORS.map((actor) => tokens(purse(actor))), tokens(place.vault)]
    const before = holdings()
    const result = svm.sendTransaction(decoder.decode(bytes))
    const after = holdings()
    const moves: Partial<Record<Actor | 'held', bigint>> = {}
    for (const [i, who] of [...ACTORS, 'held' as const].entries())
      moves[who] = (after[i] as bigint) - (before[i] as bigint)
    if ('err' in result) {
      if (Object.values(moves).some((amount) => amount !== 0n)) return { is: 'done', moves }
      return { is: 'refused' }
    }
    // The account of a lock has its rent beside the amount.
    if (act.do === 'lock' && terms.asset === 'coin') {
      moves[act.by] = (moves[act.by] as bigint) + reserve
      moves.held = (moves.held as bigint) - reserve
    }
    return { is: 'done', moves: moves as Moves }
  }

  return {
    name: 'solana',
    profile: createSolanaAdapter({
      network: networks.solanaLocal,
      rpc: { request: async () => null },
      program: Address.encode(programs[0] as Uint8Array),
    }).profile,
    least: LEAST,
    batch: 100,
    run,
    close: async () => undefined,
  }
}

/** A transaction of the legacy form, with a place for each signature that no other transaction has. */
function assemble(payer: Uint8Array, instructions: readonly Instruction[]): Uint8Array {
  const roles = new Map<string, { readonly key: Uint8Array; signs: boolean; written: boolean }>()
  const note = ([key, signs, written]: Meta) => {
    const name = key.join()
    const known = roles.get(name) ?? { key, signs: false, written: false }
    roles.set(name, { key, signs: known.signs || signs, written: known.written || written })
  }
  note([payer, true, true])
  for (const { accounts } of instructions) for (const meta of accounts) note(meta)
  for (const { program } of instructions) note([program, false, false])
  const sorted = [...roles.values()].sort(
    (a, b) => Number(b.signs) - Number(a.signs) || Number(b.written) - Number(a.written),
  )
  const place = new Map(sorted.map(({ key }, i) => [key.join(), i]))
  const signers = sorted.filter(({ signs }) => signs).length
  const message = [
    signers,
    sorted.filter(({ signs, written }) => signs && !written).length,
    sorted.filter(({ signs, written }) => !signs && !written).length,
    sorted.length,
    ...sorted.flatMap(({ key }) => [...key]),
    ...new Uint8Array(32),
    instructions.length,
    ...instructions.flatMap(({ program, accounts, data }) => [
      place.get(program.join()) as number,
      accounts.length,
      ...accounts.map(([key]) => place.get(key.join()) as number),
      ...(data.length < 128 ? [data.length] : [(data.length & 127) | 128, data.length >> 7]),
      ...data,
    ]),
  ]
  const signatures = Array.from({ length: signers }, (_, i) =>
    Bytes.concat(sha256(Uint8Array.from(message), Uint8Array.of(i)), new Uint8Array(32)),
  )
  return Bytes.concat(Uint8Array.of(signers), ...signatures, Uint8Array.from(message))
}

function u64(value: bigint): Uint8Array {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, value, true)
  return out
}
