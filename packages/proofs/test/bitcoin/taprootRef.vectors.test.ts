import { Transaction } from '@aitbc/proofs/bitcoin'
import { InputSignature, Script, TapLeaf } from '@aitbc/proofs/bitcoin-script'
import { expect } from 'vitest'
import { type Case, readVectors } from '../../../../scripts/vectors/reader.js'
import { flip, hex, unhex, value } from '../helpers.js'

interface Unlocking {
  readonly scriptSig?: string
  readonly witness?: readonly string[]
}

/** As Bitcoin Core's `feature_taproot.py` writes it (`script_assets_test`). */
interface Published {
  readonly id: string
  readonly tx: string
  readonly prevouts: readonly string[]
  readonly index: number
  readonly flags: string
  readonly comment: string
  readonly success: Unlocking
  readonly failure?: Unlocking
  /** Whether more rules change nothing. */
  readonly final?: boolean
}

/** Checks that came with a rule of consensus. */
const CAME_WITH: Readonly<Record<string, readonly string[]>> = {
  P2SH: ['script-hash', 'script-push'],
  DERSIG: ['signature-der'],
  NULLDUMMY: ['multisig-dummy'],
  WITNESS: ['witness-program', 'script-sig', 'stack-size', 'witness-unexpected', 'signature'],
  TAPROOT: [
    'control-block',
    'taproot-commitment',
    'key-off-curve',
    'signature',
    'signature-length',
    'sighash-type',
    'witness-empty',
  ],
}

/** Checks of rules that an entry's flags leave out; of those of programs only where a program is spent. */
function laterThan(flags: string, version: number | undefined): readonly string[] {
  const there = new Set(flags.split(','))
  return Object.entries(CAME_WITH).flatMap(([rule, checks]) =>
    there.has(rule) || (rule === 'TAPROOT' && version !== 1) ? [] : checks,
  )
}

function readOutput(raw: string): Transaction.Output {
  // An output as a transaction holds it, between an input of nothing and a lock time.
  const shell = `0200000001${'00'.repeat(36)}00ffffffff01${raw}00000000`
  return value(Transaction.decode(unhex(shell))).outputs[0] as Transaction.Output
}

/** The items of a witness but its annex. */
function stackOf(witness: readonly string[]): readonly Uint8Array[] {
  const stack = witness.map(unhex)
  return stack.length > 1 && stack.at(-1)?.[0] === 0x50 ? stack.slice(0, -1) : stack
}

function casesOf(one: Published): Case[] {
  const { tx, index, comment, success, failure } = one
  // Entries that are final pass by any rules.
  const flags = one.final ? Object.keys(CAME_WITH).join() : one.flags
  const prevouts = one.prevouts.map(readOutput)
  const bare = value(Transaction.decode(unhex(tx)))
  const unlocked = ({ scriptSig = '', witness = [] }: Unlocking): Transaction.Transaction => ({
    ...bare,
    inputs: bare.inputs.map((input, i) =>
      i === index ? { ...input, script: unhex(scriptSig), witness: witness.map(unhex) } : input,
    ),
  })
  const judge = (unlocking: Unlocking) =>
    InputSignature.verify(unlocked(unlocking), index, prevouts, { rules: 'consensus' })
  const spent = Script.witnessProgram((prevouts[index] as Transaction.Output).script)

  const hasLeaf = ({ witness = [] }: Unlocking) => spent?.version === 1 && stackOf(witness).length > 1

  /** The script path binds script and path, whatever the script then does. */
  const assertBound = ({ witness = [] }: Unlocking, committed: boolean) => {
    const stack = stackOf(witness)
    if (!hasLeaf({ witness }) || spent === undefined) return
    const [script, control] = stack.slice(-2) as [Uint8Array, Uint8Array]
    const bound = (s: Uint8Array, c: Uint8Array) => TapLeaf.verify(spent.program, s, c).ok
    if (!bound(script, control)) {
      expect(committed).toBe(false)
      return
    }
    expect(bound(script, flip(control, (script.length * 7) % (8 * control.length)))).toBe(false)
    expect(bound(script, control.subarray(0, -1))).toBe(false)
  }

  const cases: Case[] = [
    {
      name: `${comment}: passes`,
      run: () => {
        expect(hex(Transaction.encode(bare))).toBe(tx)
        const filled = unlocked(success)
        const encoded = Transaction.encode(filled)
        expect(hex(Transaction.encode(value(Transaction.decode(encoded))))).toBe(hex(encoded))
        const verdict = judge(success)
        if (verdict.ok) return
        const { check, message } = verdict.refusal
        if (check === 'script-unsupported') assertBound(success, true)
        // What passes by fewer rules than today's may fail by the ones that came later, and by no others.
        else expect(laterThan(flags, spent?.version), `${check}: ${message}`).toContain(check)
      },
    },
  ]
  if (failure === undefined) return cases
  const name = `${comment}: fails`
  const verdict = judge(failure)
  const undecided = !verdict.ok && verdict.refusal.check === 'script-unsupported'
  // Where a script is what fails, its commitment is what there is to judge here.
  if (undecided && !hasLeaf(failure)) return [...cases, { name, skip: 'only a script interpreter can tell' }]
  cases.push({
    name,
    run: () => {
      if (verdict.ok) throw new Error('it is accepted')
      if (undecided) assertBound(failure, false)
    },
  })
  return cases
}

readVectors({
  topic: 'bitcoin',
  folder: 'bitcoin/taproot-ref',
  title: 'A7, A8',
  cases: ([file]) => {
    const lines = (file as NonNullable<typeof file>).text().trim().split('\n')
    return lines.flatMap((line) => casesOf(JSON.parse(line) as Published))
  },
})
