import ts from 'typescript'

/** One change of the machine. */
export interface Mutant {
  readonly mutator: 'negate' | 'shift' | 'drop'
  /** The function that it is in. */
  readonly in: string
  /** The line that it changes, without its indentation. */
  readonly line: string
  /** The part of it that is replaced, and by what. */
  readonly original: string
  readonly replacement: string
  readonly text: string
}

const SHIFTED: Partial<Record<ts.SyntaxKind, string>> = {
  [ts.SyntaxKind.LessThanToken]: '<=',
  [ts.SyntaxKind.LessThanEqualsToken]: '<',
  [ts.SyntaxKind.GreaterThanToken]: '>=',
  [ts.SyntaxKind.GreaterThanEqualsToken]: '>',
}

const EQUAL: Partial<Record<ts.SyntaxKind, string>> = {
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: '!==',
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: '===',
}

/**
 * Every mutant of a source: each condition negated, each comparison shifted by one, each operand of a conjunction or disjunction
 * and each guard dropped. What is in the functions of `apart` is left as it is.
 */
export function mutantsOf(source: string, apart: ReadonlySet<string>): readonly Mutant[] {
  const file = ts.createSourceFile('SwapMachine.ts', source, ts.ScriptTarget.Latest, true)
  const found: Mutant[] = []
  const put = (mutator: Mutant['mutator'], node: ts.Node, replacement: string) => {
    const [start, end] = [node.getStart(file), node.end]
    const from = source.lastIndexOf('\n', start) + 1
    const to = source.indexOf('\n', start)
    const text = source.slice(0, start) + replacement + source.slice(end)
    if (found.some((one) => one.text === text)) return
    found.push({
      mutator,
      in: within(node),
      line: source.slice(from, to).trim(),
      original: node.getText(file),
      replacement,
      text,
    })
  }
  const within = (node: ts.Node): string =>
    ts.isFunctionDeclaration(node)
      ? (node.name?.text ?? '')
      : node.parent === undefined
        ? ''
        : within(node.parent)
  const negate = (node: ts.Expression) => {
    // What is an equality or a negation itself is turned round in its place.
    const turned = ts.isBinaryExpression(node)
      ? EQUAL[node.operatorToken.kind] !== undefined || SHIFTED[node.operatorToken.kind] !== undefined
      : ts.isPrefixUnaryExpression(node)
    if (!turned) put('negate', node, `!(${node.getText(file)})`)
  }
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionDeclaration(node) && node.name !== undefined && apart.has(node.name.text)) return
    if (ts.isIfStatement(node)) {
      negate(node.expression)
      if (node.elseStatement === undefined) put('drop', node, ';')
    }
    if (ts.isConditionalExpression(node)) negate(node.condition)
    if (ts.isBinaryExpression(node)) {
      const { kind } = node.operatorToken
      const [left, right] = [node.left.getText(file), node.right.getText(file)]
      const shifted = SHIFTED[kind]
      if (shifted !== undefined) {
        put('shift', node, `${left} ${shifted} ${right}`)
        put(
          'negate',
          node,
          `!(${left} ${file.text.slice(node.operatorToken.getStart(file), node.operatorToken.end)} ${right})`,
        )
      }
      const equal = EQUAL[kind]
      if (equal !== undefined) put('negate', node, `${left} ${equal} ${right}`)
      if (kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken) {
        put('drop', node, `(${left})`)
        put('drop', node, `(${right})`)
      }
    }
    if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
      put('negate', node, `(${node.operand.getText(file)})`)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** A module made of source text whose imports are answered by what is handed in. */
export function load<T>(text: string, imports: Readonly<Record<string, unknown>>): T {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  })
  const exported = {}
  new Function('exports', 'require', outputText)(exported, (name: string) => imports[name])
  return exported as T
}

/** The modules that a source imports values from. */
export function importsOf(source: string): readonly string[] {
  const file = ts.createSourceFile('SwapMachine.ts', source, ts.ScriptTarget.Latest, true)
  return file.statements.flatMap((node) =>
    ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)
      ? [node.moduleSpecifier.text]
      : [],
  )
}
