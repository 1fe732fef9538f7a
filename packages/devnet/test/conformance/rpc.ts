/** JSON-RPC calls in batches of one HTTP request each; an error is an answer like any other. */
export async function batch(
  url: string,
  calls: readonly (readonly [method: string, params: readonly unknown[]])[],
  headers: Readonly<Record<string, string>> = {},
): Promise<readonly { readonly result?: unknown; readonly error?: { readonly message: string } }[]> {
  const answers: { readonly result?: unknown; readonly error?: { readonly message: string } }[] = []
  for (let from = 0; from < calls.length; from += MOST) {
    const body = JSON.stringify(
      calls.slice(from, from + MOST).map(([method, params], id) => ({ jsonrpc: '2.0', id, method, params })),
    )
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    })
    const got = (await response.json()) as { readonly id: number; readonly result?: unknown }[]
    if (!Array.isArray(got)) throw new Error(`no answers to a batch: ${JSON.stringify(got).slice(0, 500)}`)
    answers.push(...got.sort((a, b) => a.id - b.id))
  }
  return answers
}

const MOST = 200

/** The results of calls that all must succeed. */
export async function all<T>(
  url: string,
  calls: readonly (readonly [method: string, params: readonly unknown[]])[],
  headers: Readonly<Record<string, string>> = {},
): Promise<readonly T[]> {
  const answers = await batch(url, calls, headers)
  return answers.map(({ result, error }, i) => {
    if (error !== undefined && error !== null) throw new Error(`${calls[i]?.[0]}: ${error.message}`)
    return result as T
  })
}
