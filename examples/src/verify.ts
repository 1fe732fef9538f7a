// One recorded fact of each family, checked offline: what was trusted, what follows, and how a tampered copy is refused.

import { collect } from './verify/facts.js'

const facts = await collect()
let wrong = 0
for (const { family, trusted, tampering, verify } of facts) {
  const [found, forged] = [verify(false), verify(true)]
  console.log(`${family}\n  trusted   ${trusted}`)
  console.log(found.ok ? `  verified  ${found.value}` : `  REFUSED   ${found.refusal.message}`)
  console.log(`  tampered  ${tampering}`)
  console.log(
    forged.ok
      ? `  ACCEPTED  ${forged.value}`
      : `  refused   ${forged.refusal.check}: ${forged.refusal.message}`,
  )
  if (!found.ok || forged.ok) wrong++
}
console.log(`${facts.length - wrong} of ${facts.length} families as they should be`)
process.exitCode = wrong === 0 ? 0 : 1
