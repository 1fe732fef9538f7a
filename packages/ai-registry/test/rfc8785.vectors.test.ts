import { Jcs, Json } from '@aitbc/ai-registry'
import { Bytes } from '@aitbc/core'
import { expect } from 'vitest'
import { type Case, readVectors } from '../../../scripts/vectors/reader.js'

const FILE = /^(input|output|outhex)\/(.+)\.(?:json|txt)$/

// One value thrice: as anybody may write it, in its canonical form, and that form's bytes in hex.
readVectors({
  topic: 'json',
  folder: 'json/rfc8785',
  title: 'RFC 8785',
  group: (path) => FILE.exec(path)?.[2] ?? path,
  cases: (files): Case[] => {
    const named = new Map(files.map((file) => [FILE.exec(file.path)?.[1] ?? file.path, file]))
    const { input, output, outhex, ...unknown } = Object.fromEntries(named)
    if (Object.keys(unknown).length > 0) throw new Error(`input/, output/ or outhex/ is expected`)
    const alone = (name: string): Case => ({
      name,
      skip: `its ${input === undefined ? 'input' : name} is not there`,
    })
    const canonical = (): Uint8Array => {
      const value = Json.decode(input?.bytes() ?? new Uint8Array())
      if (!value.ok) throw new Error(value.refusal.message)
      return Jcs.encode(value.value)
    }
    return [
      input === undefined || output === undefined
        ? alone('output')
        : {
            name: 'output',
            run: () => {
              expect(canonical()).toEqual(output.bytes())
              expect(Jcs.decode(output.bytes())).toEqual(Json.decode(input.bytes()))
            },
          },
      input === undefined || outhex === undefined
        ? alone('outhex')
        : {
            name: 'outhex',
            run: () => expect(Bytes.toHex(canonical())).toBe(outhex.text().replaceAll(/\s/g, '')),
          },
    ]
  },
})
