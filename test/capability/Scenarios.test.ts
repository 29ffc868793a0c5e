import { assert, describe, it } from "@effect/vitest"
import * as Capability from "../../src/capability/Capability.ts"
import * as Gate from "../../src/capability/Gate.ts"

const gate = (method: string, where: NonNullable<Capability.CapabilityInput["where"]>) => {
  const capabilities = Capability.list([{ methods: method, where }])
  const allows = (input: unknown) => Gate.canCall(capabilities, {}, { method, input, nowMillis: 0 })
  return {
    allowed: (...inputs: ReadonlyArray<unknown>) => {
      for (const input of inputs) assert.isTrue(allows(input), JSON.stringify(input))
    },
    refused: (...inputs: ReadonlyArray<unknown>) => {
      for (const input of inputs) assert.isFalse(allows(input), JSON.stringify(input))
    }
  }
}

describe("scenarios", () => {
  it("B10 a list of at most 100 items", () => {
    const { allowed, refused } = gate("stripe/customers/list", { limit: { ge: 1, le: 100 } })
    allowed({ limit: 1 }, { limit: 100 }, { limit: 100, after: "x" })
    refused({ limit: 101 }, { limit: 0 }, { limit: "100" }, {}, { limit: [100] }, { Limit: 100 }, { limit: Number.NaN })
  })

  it("B10 an amount from 50 to 10 000 in one of two currencies", () => {
    const { allowed, refused } = gate("stripe/charges/create", {
      amount: { ge: 50, le: 10_000 },
      currency: { in: ["USD", "EUR"] }
    })
    allowed({ amount: 50, currency: "USD" }, { amount: 10_000, currency: "EUR" }, { amount: 99.5, currency: "EUR" })
    refused({ amount: 49, currency: "USD" }, { amount: 10_001, currency: "USD" }, { amount: 500, currency: "GBP" })
    refused({ amount: 500 }, { currency: "USD" }, { amount: 500, currency: "usd" }, { amount: true, currency: "USD" })
  })

  it("B10 files below the scratch folder only", () => {
    const { allowed, refused } = gate("files/write", { path: { path: "/scratch" } })
    allowed({ path: "/scratch/a.txt" }, { path: "/scratch/a/../b" }, { path: "/scratch" })
    refused({ path: "/scratchy/a" }, { path: "/scratch/../etc/passwd" }, { path: "scratch/a" }, { path: "/etc/passwd" })
    refused({ path: "/scratch/%2e%2e/etc/passwd" }, { path: "/scratch\\..\\x" }, { path: "/scratch/\0" }, {})
  })

  it("B10 queries that read, on two databases by name", () => {
    const { allowed, refused } = gate("database/query", {
      database: { in: ["analytics", "reporting"] },
      query: { startsWith: "SELECT " }
    })
    allowed({ database: "analytics", query: "SELECT 1" }, { database: "reporting", query: "SELECT * FROM t" })
    refused({ database: "production", query: "SELECT 1" }, { database: "analytics", query: "DELETE FROM t" })
    refused({ database: "analytics", query: " SELECT 1" }, { database: "analytics" }, { query: "SELECT 1" })
    refused({ database: ["analytics"], query: "SELECT 1" }, { database: "analytics", query: ["SELECT 1"] })
  })

  it("B10 a nested header and a nested body", () => {
    const { allowed, refused } = gate("http/post", {
      "/headers/content-type": { eq: "application/json" },
      "/body/items/0/quantity": { ge: 1, le: 5 },
      "/body/items": { length: { le: 2 } },
      "/headers/authorization": { notExists: true }
    })
    const body = { items: [{ quantity: 5 }] }
    allowed({ headers: { "content-type": "application/json" }, body })
    refused({ headers: { "content-type": "text/html" }, body }, { body }, { headers: {}, body })
    refused({ headers: { "content-type": "application/json", authorization: "x" }, body })
    refused({ headers: { "content-type": "application/json" }, body: { items: [{ quantity: 6 }] } })
    refused({ headers: { "content-type": "application/json" }, body: { items: [] } })
    refused({ headers: { "content-type": "application/json" }, body: { items: [...body.items, {}, {}] } })
  })

  it("B10 either small, or approved and in a known region, and never to this customer", () => {
    const { allowed, refused } = gate("bank/pay", {
      or: [{ amount: { le: 10 } }, { and: [{ approved: { eq: true } }, { region: { in: ["eu", "us"] } }] }],
      not: { customer: { eq: "blocked" } }
    })
    allowed({ amount: 10, customer: "c" }, { amount: 500, approved: true, region: "eu", customer: "c" })
    allowed({ approved: true, region: "us", customer: "c" })
    refused({ amount: 11, customer: "c" }, { amount: 11, approved: true, customer: "c" })
    refused(
      { amount: 11, approved: 1, region: "eu", customer: "c" },
      { amount: 11, approved: true, region: "cn", customer: "c" }
    )
    refused(
      { amount: 1, customer: "blocked" },
      { amount: 1, customer: "BLOCKED" },
      { amount: 1 },
      { amount: 1, customer: null }
    )
  })
})
