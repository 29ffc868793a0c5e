/** The outside world of the refund example: invoices, and a bank that writes every effect into a file. */
import { appendFileSync, existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { tool } from "caisson/promise"

interface Invoice {
  readonly id: string
  readonly customer: string
  readonly amount: number
  readonly currency: "EUR" | "USD"
  readonly status: "paid" | "open" | "disputed"
  readonly issued: string
}

const customers = ["Aurora Optics", "Bramble & Sons", "Cobalt Freight", "Delphi Dental", "Ember Bakery", "Fjord Sports"]
const statuses = ["paid", "paid", "open", "paid", "disputed"] as const

/** Sixty invoices over half a year, the same ones every time. */
const invoices: ReadonlyArray<Invoice> = Array.from({ length: 60 }, (_, index) => ({
  id: `INV-2026-${String(index + 1).padStart(4, "0")}`,
  customer: customers[(index * 7) % customers.length] ?? "",
  amount: 40 + ((index * 137) % 900),
  currency: index % 4 === 0 ? "USD" : "EUR",
  status: statuses[(index * 3) % statuses.length] ?? "paid",
  issued: new Date(Date.UTC(2026, 4 + (index % 6), 1 + ((index * 11) % 28))).toISOString().slice(0, 10)
}))

/** One effect on the outside: what was done, under which key. */
export interface Effect {
  readonly method: string
  readonly key: string
  readonly result: unknown
}

const effectsFile = (directory: string) => join(directory, "bank-statement.jsonl")

/** What the bank says happened, whatever any of our processes remembers. */
export const statement = (directory: string): ReadonlyArray<Effect> =>
  existsSync(effectsFile(directory))
    ? readFileSync(effectsFile(directory), "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line))
    : []

const invoiceSchema = { type: "string", description: "such as INV-2026-0007" }

/** The tools. `say` is told when a handler begins and ends. */
export const tools = (directory: string, say: (what: string) => void) => {
  /** Does something at the bank, which takes a while and is on the statement before we hear of it. */
  const atTheBank = async (method: string, key: string, millis: number, result: unknown) => {
    const earlier = statement(directory).find((effect) => effect.key === key)
    if (earlier !== undefined) return earlier.result
    say(`begins ${method}`)
    await wait(millis / 2)
    appendFileSync(effectsFile(directory), `${JSON.stringify({ method, key, result })}\n`)
    await wait(millis / 2)
    say(`ends ${method}`)
    return result
  }

  return [
    tool("billing.invoices", {
      description: "Invoices, all or those with a status",
      input: { type: "object", properties: { status: { enum: ["paid", "open", "disputed"] } } },
      readOnly: true,
      execute: ({ status }) => invoices.filter((invoice) => status === undefined || invoice.status === status)
    }),
    tool("billing.export", {
      description: "Invoices with how they were paid, for the books",
      input: { type: "object", properties: { status: { enum: ["paid", "open", "disputed"] } }, required: ["status"] },
      readOnly: true,
      execute: ({ status }) => ({
        key: "bk_live_0123456789abcdef",
        rows: invoices
          .filter((invoice) => invoice.status === status)
          .map((invoice) => ({ ...invoice, card: "4242 4242 4242 4242" }))
      })
    }),
    tool("billing.remind", {
      description: "Sends a friendly reminder of an open invoice",
      input: { type: "object", properties: { invoice: invoiceSchema }, required: ["invoice"] },
      idempotent: true,
      execute: ({ invoice }, { idempotencyKey }) =>
        atTheBank("billing.remind", idempotencyKey, 400, { invoice, sent: true })
    }),
    tool("billing.credit", {
      description: "Writes a credit note",
      input: {
        type: "object",
        properties: { invoice: invoiceSchema, amount: { type: "number" } },
        required: ["invoice", "amount"]
      },
      execute: ({ invoice, amount }, { idempotencyKey }) =>
        atTheBank("billing.credit", idempotencyKey, 400, { note: `CN-${invoice}`, amount })
    }),
    tool("bank.refunds.create", {
      description: "Pays money back to a customer",
      input: {
        type: "object",
        properties: { invoice: invoiceSchema, amount: { type: "number" }, currency: { enum: ["EUR", "USD"] } },
        required: ["invoice", "amount", "currency"]
      },
      execute: ({ invoice, amount, currency }, { idempotencyKey }) =>
        atTheBank("bank.refunds.create", idempotencyKey, 60, { refund: `RF-${invoice}`, amount, currency })
    }),
    tool("bank.accounts.change", {
      description: "Changes the account that a customer's money is paid to",
      input: {
        type: "object",
        properties: { customer: { type: "string" }, iban: { type: "string" } },
        required: ["customer", "iban"]
      },
      execute: ({ customer, iban }, { idempotencyKey }) =>
        atTheBank("bank.accounts.change", idempotencyKey, 60, { customer, iban })
    })
  ]
}

/** All that this host can do. What of it the agent gets is up to its token and to the policy, which both only narrow it. */
export const capabilities = [{ methods: ["billing/**", "bank/**"] }]
