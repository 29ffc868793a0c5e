/** The tools that the programs of the corpus call, what the programs may do with them, and the clock by which all that takes time. */
import { type Clock, Duration, Effect } from "effect"
import * as Capability from "../../../src/capability/Capability.ts"
import * as Tool from "../../../src/tool/Tool.ts"
import * as Company from "./Company.ts"

/** Monday, at nine. */
export const openingMillis = Date.UTC(2026, 2, 2, 9)

/** A clock that only moves when a tool takes its time, a guest sleeps, or it is told to. */
export class Hours {
  #millis = openingMillis

  pass(millis: number): void {
    this.#millis += millis
  }

  /** Guests sleep at once, and for as long as they like to think; what waits longer than a guest may never wakes up. */
  readonly clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => this.#millis,
    currentTimeMillis: Effect.sync(() => this.#millis),
    monotonicTimeNanosUnsafe: () => BigInt(this.#millis) * 1_000_000n,
    monotonicTimeNanos: Effect.sync(() => BigInt(this.#millis) * 1_000_000n),
    currentTimeNanosUnsafe: () => BigInt(this.#millis) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => BigInt(this.#millis) * 1_000_000n),
    sleep: (duration) => {
      const millis = Duration.toMillis(duration)
      return millis > 4_000
        ? Effect.never
        : Effect.andThen(
            Effect.sync(() => this.pass(millis)),
            Effect.yieldNow
          )
    }
  }
}

type Input = Readonly<Record<string, unknown>>
type Rows = ReadonlyArray<Readonly<Record<string, unknown>>>

const types: Readonly<Record<string, object>> = {
  text: { type: "string" },
  number: { type: "number" },
  any: {}
}

const page = (rows: Rows, { limit = 100, offset = 0 }: Input): Rows =>
  rows.slice(Number(offset), Number(offset) + Math.min(500, Number(limit)))

const byId = (rows: Rows, id: unknown): Readonly<Record<string, unknown>> => {
  const found = rows.find((row) => row["id"] === id)
  if (found === undefined) throw new RangeError(`not found: ${String(id)}`)
  return found
}

/** Understands `from <table> [where <column> = ?] [limit n] [offset n]`. */
const query = (sql: string, parameters: ReadonlyArray<unknown>): Rows => {
  const [, name = ""] = /\bfrom\s+(\w+)/i.exec(sql) ?? []
  const table = Company.tables[name]
  if (table === undefined) throw new RangeError(`no such table: ${name}`)
  const [, column] = /\bwhere\s+(\w+)\s*=\s*\?/i.exec(sql) ?? []
  const rows = column === undefined ? table : table.filter((row) => row[column] === parameters[0])
  const limit = Number(/\blimit\s+(\d+)/i.exec(sql)?.[1] ?? 500)
  const offset = Number(/\boffset\s+(\d+)/i.exec(sql)?.[1] ?? 0)
  return page(rows, { limit, offset })
}

const fetched = (url: string): { readonly status: number; readonly body: string } => {
  const page = Company.pages[url]
  if (page !== undefined) return { status: 200, body: page }
  if (/flaky/.test(url)) throw new TypeError("connection reset")
  return /missing/.test(url) ? { status: 404, body: "" } : { status: 200, body: '{"ok":true}' }
}

/** Tools with a state of their own for one session, each with the time that it takes. */
export const tools = (hours: Hours): ReadonlyArray<Tool.Tool> => {
  const files = new Map(Object.entries(Company.files))
  const store = new Map<string, unknown>([
    ["settings/theme", "dark"],
    ["settings/language", "en"]
  ])
  let made = 0
  const identifier = (prefix: string) => `${prefix}_${9_000 + ++made}`

  const tool = (
    name: string,
    fields: Readonly<Record<string, keyof typeof types>>,
    millis: number,
    execute: (input: Input) => unknown,
    options: { readonly readOnly?: boolean } = {}
  ): Tool.Tool =>
    Tool.fromJsonSchema(name, {
      description: name,
      input: {
        type: "object",
        properties: Object.fromEntries(Object.entries(fields).map(([field, type]) => [field, types[type]]))
      },
      ...options,
      execute: (input: Input) => {
        hours.pass(millis)
        return execute(input)
      }
    })
  const reads = { readOnly: true }

  const readFile = (path: string) => {
    const content = files.get(path)
    if (content === undefined) throw new RangeError(`no such file: ${path}`)
    return content
  }

  return [
    tool("stripe.customers.get", { id: "text" }, 80, ({ id }) => byId(Company.customers, id), reads),
    tool(
      "stripe.customers.list",
      { limit: "number", offset: "number" },
      120,
      (input) => page(Company.customers, input),
      reads
    ),
    tool("stripe.charges.get", { id: "text" }, 80, ({ id }) => byId(Company.charges, id), reads),
    tool(
      "stripe.charges.list",
      { limit: "number", offset: "number" },
      120,
      (input) => page(Company.charges, input),
      reads
    ),
    tool(
      "stripe.charges.create",
      { customer: "text", amount: "number", currency: "text", description: "text" },
      400,
      () => ({
        id: identifier("ch"),
        status: "succeeded"
      })
    ),
    tool("stripe.refunds.create", { charge: "text", amount: "number", reason: "text" }, 400, () => ({
      id: identifier("re")
    })),
    tool("stripe.payouts.create", { account: "text", amount: "number" }, 500, () => ({ id: identifier("po") })),
    tool(
      "github.issues.list",
      { repo: "text", limit: "number", offset: "number" },
      150,
      (input) => page(Company.issues, input),
      reads
    ),
    tool(
      "github.issues.get",
      { repo: "text", number: "number" },
      120,
      ({ number }) => {
        const issue = [...Company.issues, ...Company.poisonedIssues].find((issue) => issue.number === number)
        if (issue === undefined) throw new RangeError(`no such issue: ${String(number)}`)
        return issue
      },
      reads
    ),
    tool("github.issues.comment", { repo: "text", number: "number", body: "text" }, 250, () => ({
      id: identifier("ic")
    })),
    tool("github.issues.label", { repo: "text", number: "number", labels: "any" }, 200, () => ({ ok: true })),
    tool(
      "github.repos.contents",
      { repo: "text", path: "text" },
      150,
      ({ path }) => readFile(`/workspace/${String(path)}`),
      reads
    ),
    tool("github.admin.addCollaborator", { repo: "text", user: "text", permission: "text" }, 300, () => ({ ok: true })),
    tool("github.admin.deleteRepo", { repo: "text" }, 300, () => ({ ok: true })),
    tool("github.keys.create", { repo: "text", title: "text", key: "text" }, 300, () => ({ id: identifier("key") })),
    tool(
      "mail.search",
      { query: "text", limit: "number" },
      150,
      ({ limit = 20, query = "" }) =>
        Company.mails
          .filter(({ body, subject }) => `${subject} ${body}`.includes(String(query)))
          .slice(0, Number(limit))
          .map(({ from, id, subject }) => ({ id, from, subject })),
      reads
    ),
    tool("mail.read", { id: "text" }, 100, ({ id }) => byId(Company.mails, id), reads),
    tool("mail.send", { to: "any", subject: "text", body: "text", attachments: "any" }, 350, () => ({
      id: identifier("out")
    })),
    tool(
      "files.list",
      { path: "text" },
      10,
      ({ path }) => [...files.keys()].filter((name) => name.startsWith(`${String(path)}/`)),
      reads
    ),
    tool("files.read", { path: "text" }, 10, ({ path }) => readFile(String(path)), reads),
    tool("files.write", { path: "text", content: "text" }, 15, ({ content, path }) => {
      files.set(String(path), String(content))
      return { bytes: String(content).length }
    }),
    tool("http.fetch", { url: "text", method: "text", headers: "any", body: "any" }, 200, ({ url }) =>
      fetched(String(url))
    ),
    tool(
      "db.query",
      { sql: "text", parameters: "any" },
      40,
      ({ parameters, sql }) => query(String(sql), [parameters].flat()),
      reads
    ),
    tool("db.insert", { table: "text", rows: "any" }, 60, ({ rows }) => ({ inserted: [rows].flat().length })),
    tool("db.update", { table: "text", id: "any", set: "any" }, 60, () => ({ updated: 1 })),
    tool("kv.get", { key: "text" }, 5, ({ key }) => store.get(String(key)) ?? null, reads),
    tool("kv.set", { key: "text", value: "any" }, 5, ({ key, value }) => {
      store.set(String(key), value)
      return true
    }),
    tool(
      "kv.list",
      { prefix: "text" },
      5,
      ({ prefix = "" }) => [...store.keys()].filter((key) => key.startsWith(String(prefix))),
      reads
    ),
    tool(
      "metrics.query",
      { name: "text", days: "number" },
      60,
      ({ days = 7, name }) =>
        Array.from({ length: Number(days) }, (_, day) => ({
          day,
          value: Company.dice(String(name).length * 131 + day, 900)
        })),
      reads
    ),
    tool("metrics.put", { name: "text", value: "number" }, 20, () => ({ ok: true })),
    tool("users.list", {}, 50, () => Company.employees.map(({ id, name, role }) => ({ id, name, role })), reads),
    tool("users.delete", { id: "number" }, 100, () => ({ ok: true })),
    tool("iam.grant", { user: "text", role: "text" }, 100, () => ({ ok: true }))
  ]
}

/**
 * What all programs may do: about what a hurried operator would grant. Some of it is too much, as it is with hurried operators:
 * of GitHub everything in the company's own repositories, and any address on the web.
 */
export const capabilities = Capability.list([
  { methods: ["stripe/customers/*", "stripe/charges/get", "stripe/charges/list"] },
  { methods: "stripe/charges/create", where: { amount: { gt: 0, le: 50_000_000 } } },
  { methods: "stripe/refunds/create", where: { amount: { gt: 0, le: 50_000_000 } }, maxCalls: 40 },
  { methods: "github/**", where: { repo: { in: ["acme/shop", "acme/api", "acme/docs"] } } },
  { methods: "mail/**" },
  { methods: "files/**", where: { path: { path: "/workspace" } } },
  { methods: ["http/fetch", "db/**", "kv/**", "metrics/**", "users/list"] }
])
