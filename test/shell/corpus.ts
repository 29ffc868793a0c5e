/**
 * The shell corpus: scripts with what real bash and the tools of Debian 12 make of them, and the comparison of another shell
 * with that. `test/fixtures/shell/corpus` has the cases, one file a theme, written by hand but for `expected`, which
 * `test/fixtures/shell/record.ts` writes. `test/fixtures/shell/differences.yaml` has the cases that our shell answers
 * differently, each with its whole answer and a reason: such a case has to give exactly that.
 */
import { readdirSync, readFileSync } from "node:fs"
import { basename } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect, Schema } from "effect"
import * as Yaml from "yaml"

/** Texts by their paths, relative to the folder that a script runs in. */
export type Files = Readonly<Record<string, string>>

/** What a script wrote and how it ended. */
export interface Outcome {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
  /** The files of the working folder afterwards; more than a case asks for may be here. */
  readonly files: Files
}

/**
 * Runs a script as `bash -c` does, with these files in `/workspace`, which is the working folder and `HOME`. Standard input is
 * empty, the locale is `C.UTF-8` and the time zone UTC.
 */
export type Run<E, R> = (script: string, files: Files) => Effect.Effect<Outcome, E, R>

const FilesSchema = Schema.Record(Schema.String, Schema.String)

const Expected = Schema.Struct({
  stdout: Schema.String,
  stderr: Schema.String,
  exitCode: Schema.Number,
  files: Schema.optionalKey(FilesSchema)
})

const WrittenCase = Schema.Struct({
  name: Schema.String,
  script: Schema.String,
  files: Schema.optionalKey(FilesSchema),
  /** Paths whose contents belong to the answer; one that is no file afterwards is left out of `expected`. */
  outputs: Schema.optionalKey(Schema.Array(Schema.String)),
  expected: Schema.optionalKey(Expected)
})

/** A case as its file has it, which may not be recorded yet. */
export type WrittenCase = typeof WrittenCase.Type

const Difference = Schema.Struct({
  theme: Schema.String,
  name: Schema.String,
  reason: Schema.String,
  actual: Expected
})

export type Difference = typeof Difference.Type

export interface Case {
  readonly theme: string
  readonly name: string
  readonly script: string
  readonly files: Files
  readonly outputs: ReadonlyArray<string>
  readonly expected: Outcome
  readonly difference: Difference | undefined
}

export const folder = fileURLToPath(new URL("../fixtures/shell/", import.meta.url))

const strictly = { onExcessProperty: "error", errors: "all" } as const

export const decodeCases = Schema.decodeUnknownSync(Schema.Array(WrittenCase), strictly)

const decodeDifferences = Schema.decodeUnknownSync(Schema.Array(Difference), strictly)

/** The themes of the corpus: the names of its files. */
export const themes = (): ReadonlyArray<string> =>
  readdirSync(`${folder}corpus`)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => basename(file, ".yaml"))
    .sort()

const readYaml = (path: string): unknown => Yaml.parse(readFileSync(`${folder}${path}`, "utf8"))

const outcomeOf = ({ files = {}, ...rest }: typeof Expected.Type): Outcome => ({ ...rest, files })

const idOf = ({ theme, name }: { readonly theme: string; readonly name: string }): string => `${theme}/${name}`

const refuse = (message: string): never => {
  throw new Error(`shell corpus: ${message}`)
}

const onceEach = (ids: ReadonlyArray<string>): void => {
  const seen = new Set<string>()
  for (const id of ids) {
    if (seen.has(id)) refuse(`${id} is there twice`)
    seen.add(id)
  }
}

/** Every case, with its documented difference if it has one. Throws when a file is not as it should be. */
export const loadCorpus = (): ReadonlyArray<Case> => {
  const differences = decodeDifferences(readYaml("differences.yaml") ?? [])
  onceEach(differences.map(idOf))
  for (const one of differences) if (one.reason === "") refuse(`differences.yaml gives no reason for ${idOf(one)}`)
  const byId = new Map(differences.map((difference) => [idOf(difference), difference]))
  const cases = themes().flatMap((theme) =>
    decodeCases(readYaml(`corpus/${theme}.yaml`)).map(({ expected, files = {}, outputs = [], ...written }): Case => {
      const id = idOf({ theme, name: written.name })
      if (expected === undefined) return refuse(`${id} is not recorded`)
      return { theme, ...written, files, outputs, expected: outcomeOf(expected), difference: byId.get(id) }
    })
  )
  const ids = cases.map(idOf)
  onceEach(ids)
  const known = new Set(ids)
  for (const id of byId.keys()) if (!known.has(id)) refuse(`differences.yaml names ${id}, which is no case`)
  return cases
}

/**
 * Messages without the numbers of lines and the ways to start a shell: `bash: line 3: ` and `bash: -c: line 3: ` become `bash: `. GNU
 * tools quote names as ‘name’ in UTF-8 locales and as 'name' in others; the latter is taken for both.
 */
export const normalStderr = (text: string): string =>
  text
    .replace(/^(?:\/(?:usr\/)?bin\/)?bash: (?:-c: )?(?:line \d+: )?/gm, "bash: ")
    .replace(/^(bash: eval: |\S+\.sh: )line \d+: /gm, "$1")
    .replace(/[‘’]/g, "'")

/** What is compared of an outcome: its normal messages, and of its files those that the case asks for. */
export const comparable = (outputs: ReadonlyArray<string>, { stdout, stderr, exitCode, files }: Outcome): Outcome => ({
  stdout,
  stderr: normalStderr(stderr),
  exitCode,
  files: Object.fromEntries(
    outputs.flatMap((path) => {
      const text = files[path]
      return text === undefined ? [] : [[path, text] as const]
    })
  )
})

/**
 * - `same`: as real bash.
 * - `documented`: not as real bash, but exactly as `differences.yaml` says.
 * - `fixed`: as real bash, though `differences.yaml` has the case: take it out there.
 * - `different`: neither.
 */
export type Judgement = "same" | "documented" | "fixed" | "different"

export interface Verdict {
  readonly case: Case
  readonly judgement: Judgement
  /** What the case should have given: its documented difference if there is one. */
  readonly wanted: Outcome
  readonly actual: Outcome
}

const equal = (one: Outcome, other: Outcome): boolean => {
  const paths = new Set([...Object.keys(one.files), ...Object.keys(other.files)])
  return (
    one.stdout === other.stdout &&
    one.stderr === other.stderr &&
    one.exitCode === other.exitCode &&
    [...paths].every((path) => one.files[path] === other.files[path])
  )
}

/** How an outcome compares with what its case expects. */
export const judge = (one: Case, outcome: Outcome): Verdict => {
  const seen = (outcome: Outcome) => comparable(one.outputs, outcome)
  const actual = seen(outcome)
  const real = seen(one.expected)
  const documented = one.difference && seen(outcomeOf(one.difference.actual))
  const wanted = documented ?? real
  if (equal(actual, real)) return { case: one, judgement: documented ? "fixed" : "same", wanted: real, actual }
  return { case: one, judgement: documented && equal(actual, documented) ? "documented" : "different", wanted, actual }
}

/** A verdict is good when a change of the shell or of the corpus is not called for. */
export const isGood = ({ judgement }: Verdict): boolean => judgement === "same" || judgement === "documented"

/** Runs the cases, a few at a time. */
export const runCorpus = <E, R>(
  run: Run<E, R>,
  cases: ReadonlyArray<Case> = loadCorpus()
): Effect.Effect<ReadonlyArray<Verdict>, E, R> =>
  Effect.forEach(cases, (one) => Effect.map(run(one.script, one.files), (outcome) => judge(one, outcome)), {
    concurrency: 4
  })

const show = ({ stdout, stderr, exitCode, files }: Outcome): string =>
  [
    `exit code ${exitCode}`,
    `stdout    ${JSON.stringify(stdout)}`,
    `stderr    ${JSON.stringify(stderr)}`,
    ...Object.entries(files).map(([path, text]) => `${path} ${JSON.stringify(text)}`)
  ].join("\n    ")

/** A verdict for people who have to do something about it. */
export const describeVerdict = ({ case: one, judgement, wanted, actual }: Verdict): string =>
  judgement === "fixed"
    ? `${idOf(one)}: is as in real bash now, take it out of differences.yaml`
    : `${idOf(one)}: ${judgement}\n  wanted\n    ${show(wanted)}\n  actual\n    ${show(actual)}`

const options = { lineWidth: 0, blockQuote: "literal" } as const

/** An outcome as the fixtures have it: without files if there are none. */
export const written = ({ files, ...rest }: Outcome): typeof Expected.Type =>
  Object.keys(files).length === 0 ? rest : { ...rest, files }

/**
 * The text of `differences.yaml` for what a shell does now. Reasons of cases that are there already are kept, others are empty
 * and to be written by hand: look at each whether the shell or the case is wrong before it is documented.
 */
export const differencesOf = (verdicts: ReadonlyArray<Verdict>): string => {
  const found = verdicts.filter(({ judgement }) => judgement === "documented" || judgement === "different")
  const entries = found.map(({ case: { theme, name, difference }, actual }) =>
    Yaml.stringify([{ theme, name, reason: difference?.reason ?? "", actual: written(actual) }], options)
  )
  return entries.join("\n")
}
