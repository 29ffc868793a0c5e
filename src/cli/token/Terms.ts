/** What a new token is to give, or a caveat to leave, as flags and files say it. */
import * as Clock from "effect/Clock"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type { CapabilityInput } from "../../capability/Capability.ts"
import { Language } from "../../capability/Language.ts"
import type { TermsInput } from "../../token/Terms.ts"
import * as Flags from "../Flags.ts"
import * as InputFile from "../InputFile.ts"
import { UsageError } from "../Problem.ts"

const many = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.atLeast(0))

/** The flags of `token mint` and of `token attenuate`. */
export const flags = {
  capability: many("capability", "TEXT", "Calls: 'METHOD[,METHOD...] [ask] [max=N]', such as 'bank.refund ask max=3'"),
  allowRead: many("allow-read", "PATH", "A file, or a folder with what is in it, that may be read"),
  allowWrite: many("allow-write", "PATH", "A file, or a folder with what is in it, that may be written"),
  network: many("network", "HOST:PORT", "Where connections may go: HOST:PORT[,PORT...], *.example.org:443, or none"),
  memory: Flag.Int("memory").pipe(
    Flag.withMetavar("MIB"),
    Flag.withDescription("The most memory, in MiB"),
    Flag.optional,
    Flag.map(Option.getOrUndefined)
  ),
  cpu: Flags.text("cpu", "TIME", "The most CPU time, such as 500ms"),
  timeout: Flags.text("timeout", "TIME", "The most wall time, such as 5s"),
  template: many("template", "NAME", "A template that may be used"),
  language: Flag.Literals("language", Language.literals).pipe(
    Flag.withDescription("A language that may be used"),
    Flag.atLeast(0)
  ),
  session: Flags.text("session", "ID", "For this session alone"),
  run: Flags.text("run", "ID", "For this run alone"),
  codeHash: Flags.text("code-hash", "SHA256", "For this code alone: the SHA-256 of its text, in hexadecimal"),
  audience: Flags.text("audience", "NAME", "For this host alone"),
  notBefore: Flags.text("not-before", "TIME", "Not accepted before so much time has passed, such as 10m"),
  expires: Flags.text("expires", "TIME", "Not accepted after so much time, such as 30m, 12h or 7d"),
  use: Flag.Literals("use", ["execution", "session"]).pipe(
    Flag.withDescription("For one run of code, or for a session; a new token is for one run unless this is stated"),
    Flag.optional,
    Flag.map(Option.getOrUndefined)
  ),
  once: Flags.toggle("once", "Accepted once")
}

type Given = { readonly [Name in keyof typeof flags]: (typeof flags)[Name] extends Flag.Flag<infer A> ? A : never }

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const toMillis = (flag: string, text: string | undefined): Effect.Effect<number | undefined, UsageError> => {
  if (text === undefined) return Effect.succeed(undefined)
  const [, amount, unit = ""] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text) ?? []
  if (amount !== undefined) return Effect.succeed(Math.round(Number(amount) * (units[unit] ?? Number.NaN)))
  const message = `--${flag} ${text} is not a time: write a number, 0 or more, and its unit, such as 500ms, 5s, 2m, 1h or 7d`
  return Effect.fail(new UsageError({ reason: "InvalidDuration", message }))
}

const isNumber = /^\d{1,15}$/

const toField = (word: string): readonly [string, unknown] => {
  if (word === "ask") return ["mode", "ask"]
  const max = /^max=(.*)$/.exec(word)?.[1]
  // What is not understood becomes a field that no capability has, or a value that it does not take: it is refused with the rest.
  return max === undefined ? [word, true] : ["maxCalls", isNumber.test(max) ? Number(max) : max]
}

const toCapability = (text: string): CapabilityInput => {
  const [methods = "", ...words] = text.trim().split(/\s+/)
  return { ...Object.fromEntries(words.map(toField)), methods: methods.split(",") }
}

type Network = NonNullable<TermsInput["network"]>

const toNetwork = (texts: ReadonlyArray<string>): Network => {
  if (texts.length === 1 && texts[0] === "none") return "none"
  return texts.map((text) => {
    const colon = text.lastIndexOf(":")
    const ports = text
      .slice(colon + 1)
      .split(",")
      .map((port) => (isNumber.test(port) ? Number(port) : 0))
    return colon === -1 ? { host: text, ports: [] } : { host: text.slice(0, colon), ports }
  })
}

const list = <A>(items: ReadonlyArray<A>): ReadonlyArray<A> | undefined => (items.length === 0 ? undefined : items)

const filesOf = ({ allowRead, allowWrite }: Given): TermsInput["files"] | undefined =>
  allowRead.length === 0 && allowWrite.length === 0 ? undefined : { read: allowRead, write: allowWrite }

const given = (fields: { readonly [Field in keyof TermsInput]?: TermsInput[Field] | undefined }): TermsInput =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

const fromFlags = Effect.fnUntraced(function* (flags: Given) {
  const now = yield* Clock.currentTimeMillis
  const later = (millis: number | undefined) => (millis === undefined ? undefined : now + millis)
  const expires = yield* toMillis("expires", flags.expires)
  const notBefore = yield* toMillis("not-before", flags.notBefore)
  if (expires !== undefined && expires <= (notBefore ?? 0)) {
    return yield* new UsageError({ reason: "Contradiction", message: "--expires leaves no time to use the token in" })
  }
  return given({
    capabilities: list(flags.capability.map(toCapability)),
    files: filesOf(flags),
    network: flags.network.length === 0 ? undefined : toNetwork(flags.network),
    memoryMebibytes: flags.memory,
    cpuMillis: yield* toMillis("cpu", flags.cpu),
    wallMillis: yield* toMillis("timeout", flags.timeout),
    templates: list(flags.template),
    languages: list(flags.language),
    session: flags.session,
    run: flags.run,
    codeHash: flags.codeHash,
    audience: flags.audience,
    notBeforeMillis: later(notBefore),
    expiresMillis: later(expires),
    use: flags.use,
    once: flags.once ? true : undefined
  })
})

const bytesMax = 65_536

const readTerms = Effect.fnUntraced(function* (flag: string, file: string) {
  const text = yield* InputFile.fromFile(file, bytesMax)
  const terms = yield* Flags.parseJson(flag, text)
  if (Predicate.isObject(terms) && !Array.isArray(terms)) return terms as TermsInput
  return yield* new UsageError({ reason: "InvalidJson", message: `--${flag}: ${file} holds no JSON object` })
})

/** What flags say, and what a JSON file with the fields of a grant says that `--grant` or `--caveat` names. */
export const toTerms = Effect.fnUntraced(function* (flags: Given, fileFlag: string, file: string | undefined) {
  const terms = yield* fromFlags(flags)
  if (file === undefined) return terms
  const read = yield* readTerms(fileFlag, file)
  const twice = Object.keys(terms).find((field) => Object.hasOwn(read, field))
  if (twice === undefined) return { ...read, ...terms }
  const message = `${twice} is given by --${fileFlag} and by a flag: leave out one of them`
  return yield* new UsageError({ reason: "Contradiction", message })
})
