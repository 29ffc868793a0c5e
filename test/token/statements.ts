/** Grants and caveats of a small world, in which one thing often has to do with another. */
import { Arbitrary, Schema } from "effect"
import type { Circumstances } from "../../src/token/Circumstances.ts"
import type { TermsInput } from "../../src/token/Terms.ts"
import { nowMillis } from "./tokens.ts"

const some = <S extends Schema.Top>(item: S, minimum: number) =>
  Schema.Array(item).check(Schema.isMinLength(minimum), Schema.isMaxLength(3))

const Folder = Schema.Literals(["/", "/a", "/a/b", "/a/b/c", "/ab", "/c"])
const Host = Schema.Literals(["example.org", "*.example.org", "a.example.org", "*.a.example.org", "*.org", "10.0.0.1"])
const Port = Schema.Literals([80, 443, 8080])
const Amount = Schema.Literals([1, 2, 3])
const Name = Schema.Literals(["x", "y"])
const Names = some(Schema.Literals(["x", "y", "z"]), 1)
const Languages = some(Schema.Literals(["python", "go", "cpp"]), 1)
const Millis = Schema.Literals([nowMillis - 1, nowMillis, nowMillis + 1])

const Capability = Schema.Struct({
  methods: some(Schema.Literals(["a/b", "a/*", "a/**", "**", "*/b", "c"]), 1),
  where: Schema.optionalKey(Schema.Struct({ amount: Schema.Struct({ le: Amount }) })),
  maxCalls: Schema.optionalKey(Schema.Literals([0, 1, 2])),
  mode: Schema.Literals(["auto", "ask"]),
  expiresMillis: Schema.optionalKey(Millis)
})

const Terms = Schema.Struct({
  capabilities: Schema.optionalKey(some(Capability, 0)),
  files: Schema.optionalKey(
    Schema.Struct({ read: Schema.optionalKey(some(Folder, 0)), write: Schema.optionalKey(some(Folder, 0)) })
  ),
  network: Schema.optionalKey(
    Schema.Union([Schema.Literal("none"), some(Schema.Struct({ host: Host, ports: some(Port, 1) }), 1)])
  ),
  memoryMebibytes: Schema.optionalKey(Amount),
  cpuMillis: Schema.optionalKey(Amount),
  wallMillis: Schema.optionalKey(Amount),
  templates: Schema.optionalKey(Names),
  languages: Schema.optionalKey(Languages),
  session: Schema.optionalKey(Name),
  run: Schema.optionalKey(Name),
  audience: Schema.optionalKey(Name),
  notBeforeMillis: Schema.optionalKey(Millis),
  expiresMillis: Schema.optionalKey(Millis),
  once: Schema.optionalKey(Schema.Literal(true)),
  use: Schema.optionalKey(Schema.Literals(["execution", "session"]))
})

/** Two capabilities of one list have names of their own, so that no list is refused. */
const named = ({ capabilities, ...terms }: typeof Terms.Type): TermsInput =>
  capabilities === undefined
    ? terms
    : { ...terms, capabilities: capabilities.map((item, index) => ({ ...item, name: `c${index}` })) }

/** What would refuse the token in most circumstances is left out of most statements. */
const sparse = ({ session, run, audience, notBeforeMillis, expiresMillis, ...terms }: TermsInput): TermsInput => terms

const all = Arbitrary.map(Arbitrary.schema(Terms), named)
export const statements = Arbitrary.map(
  Arbitrary.all([all, Arbitrary.schema(Schema.Literals([0, 1, 2]))]),
  ([terms, kind]) => (kind === 0 ? terms : sparse(terms))
)

/** A grant that would never be accepted is none. */
const accepted = ({ notBeforeMillis = 0, ...terms }: TermsInput): TermsInput =>
  notBeforeMillis < (terms.expiresMillis ?? Number.POSITIVE_INFINITY) ? { ...terms, notBeforeMillis } : terms

export const grants = Arbitrary.map(statements, accepted)

export const chains = Arbitrary.array(statements, { maxLength: 4 })

/** Everything that a small world can present a token for. */
export const circumstances: ReadonlyArray<Circumstances> = [
  { use: "execution" },
  ...(["execution", "session"] as const).flatMap((use) =>
    ["x", "y"].flatMap((name) =>
      [
        ["x", "python"],
        ["z", "cpp"]
      ].map(
        ([template, language]): Circumstances => ({
          use,
          session: name,
          run: name,
          audience: name,
          template,
          language
        })
      )
    )
  )
]

export const paths = ["/", "/a", "/a/b", "/a/b/c/d", "/ab", "/c/../a", "/d", "a", "/a/../.."]

export const hosts = ["example.org", "a.example.org", "B.A.example.org", "example.com", "xexample.org", "10.0.0.1", "*"]

export const ports = [80, 443, 8080, 22]

export const calls = ["a.b", "a/c", "a/b/c", "c", "d/b"].flatMap((method) =>
  [{}, { amount: 1 }, { amount: 2 }, { amount: 4 }].map((input) => ({ method, input, nowMillis }))
)
