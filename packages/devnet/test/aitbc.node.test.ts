import { type AitbcChain, createAitbcChain } from '@aitbc/devnet'
import { Account, BlockSync, StateTrie, Transaction } from '@aitbc/proofs/aitbc'
import { describe, expect, test } from 'vitest'

const funded = (chain: AitbcChain, name: string, amount = 360_000n) => {
  const account = chain.account(name)
  chain.fund(account.address, amount)
  return account
}
const check = (verdict: ReturnType<AitbcChain['submit']>) => (verdict.ok ? undefined : verdict.refusal.check)

describe('createAitbcChain', () => {
  test('default: what it makes is verified from its genesis to an account', () => {
    const chain = createAitbcChain({ validators: 3 })
    const alice = funded(chain, 'alice')
    const bob = chain.account('bob')
    expect(check(chain.submit(chain.sign(alice, { to: bob.address, amount: 3_600n })))).toBe(undefined)
    const proposers = chain.validators.map(({ address }) => address)
    const trusted = BlockSync.trust({ ...chain.genesis, chainId: chain.chainId, proposers, attestations: 2 })
    if (!trusted.ok) throw new Error(trusted.refusal.message)
    let state = trusted.value
    for (let i = 0; i < 7; i++) {
      const next = BlockSync.apply(state, chain.mine())
      if (!next.ok) throw new Error(next.refusal.message)
      state = next.value
    }
    const { block } = BlockSync.finalized(state)
    expect(block?.height).toBe(2n)
    expect(chain.block(1n).transactions).toEqual(chain.block(1n).contents.map(Transaction.hash))
    const { header, signature } = chain.attestState(7n, chain.validators[1])
    const attested = BlockSync.attestState(state, header, signature)
    if (!attested.ok) throw new Error(attested.refusal.message)
    const root = Uint8Array.from(Buffer.from(attested.value.stateRoot.slice(2), 'hex'))
    expect(StateTrie.account(root, bob.address, chain.prove(7n, bob.address))).toEqual({
      ok: true,
      value: { balance: 3_600n, nonce: 0n },
    })
    expect(StateTrie.account(root, alice.address, chain.prove(7n, alice.address))).toEqual({
      ok: true,
      value: { balance: 360_000n - 3_636n, nonce: 1n },
    })
    expect(StateTrie.account(root, 'nobody', chain.prove(7n, 'nobody'))).toEqual({
      ok: true,
      value: undefined,
    })
  })

  test('default: two runs give the same blocks', () => {
    const run = () => {
      const chain = createAitbcChain({ startTime: 1_700_000_000n, blockTime: 5n })
      const alice = funded(chain, 'alice')
      chain.submit(chain.sign(alice, { to: 'ai_service', amount: 1n, type: 'AI_JOB' }))
      return [chain.mine(), chain.mine()]
    }
    expect(run()).toEqual(run())
    expect(run()[0]?.timestamp).toBe('2023-11-14T22:13:25+00:00')
  })

  test('behavior: what the node refuses is refused, what it drops is dropped', () => {
    const chain = createAitbcChain()
    const alice = funded(chain, 'alice', 1_000n)
    const bob = funded(chain, 'bob', 1_000n)
    const to = chain.account('carol').address
    const sign = (payment: Partial<Parameters<AitbcChain['sign']>[1]>, from = alice) =>
      chain.sign(from, { to, amount: 10n, ...payment })
    expect(check(chain.submit({ ...sign({}), chainId: 'ait-mainnet' }))).toBe('chain')
    expect(check(chain.submit({ ...sign({}), amount: 11n }))).toBe('signature-signer')
    expect(check(chain.submit(sign({ nonce: 1n })))).toBe('nonce')
    expect(check(chain.submit(sign({ amount: 965n })))).toBe('balance')
    expect(check(chain.submit(sign({ type: 'MESSAGE' })))).toBe('balance')
    expect(check(chain.submit(sign({ type: 'BOND_SLASH' })))).toBe('not-modelled')
    expect(check(chain.submit(sign({}, chain.account('dave'))))).toBe('unknown-account')
    // Two with one nonce are taken in, and one is mined: the better paid.
    expect(check(chain.submit(sign({ fee: 36n })))).toBe(undefined)
    expect(check(chain.submit(sign({ fee: 40n })))).toBe(undefined)
    // The type in lower case passes the first check and not the second.
    expect(check(chain.submit(sign({ type: 'transfer' }, bob)))).toBe(undefined)
    const block = chain.mine()
    expect(block.contents.map(({ fee }) => fee)).toEqual([40n])
    expect(chain.state(alice.address)).toEqual({ balance: 950n, nonce: 1n })
    expect(chain.state(Account.stored(to))).toEqual({ balance: 10n, nonce: 0n })
    expect(chain.mine().transactions).toEqual([])
    const messages = sign({ type: 'MESSAGE', amount: 0n, payload: { text: 'hello' } })
    expect(check(chain.submit(messages))).toBe(undefined)
    expect(chain.mine().contents).toEqual([messages])
  })

  test('error: what is no height, amount or number of validators', () => {
    expect(() => createAitbcChain({ validators: 0 })).toThrow(/validators must be 1 to 100, got 0/)
    const chain = createAitbcChain()
    expect(() => chain.block(1n)).toThrow(/height must be 1 to 0, got 1n/)
    expect(() => chain.fund('ait1', -1n)).toThrow(/amount must not be negative/)
    expect(chain.height()).toBe(0n)
  })
})
