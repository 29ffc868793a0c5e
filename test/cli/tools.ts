/** A bank whose books are the file that `CAISSON_TEST_BOOKS` names: what had its effect stands there, whatever process wrote it. */
import { appendFileSync } from "node:fs"
import { tool } from "caisson/promise"

const note = (line: string) => {
  const books = process.env["CAISSON_TEST_BOOKS"]
  if (books !== undefined) appendFileSync(books, `${line}\n`)
}

const amount = {
  type: "object",
  properties: { amount: { type: "integer" } },
  required: ["amount"],
  additionalProperties: false
} as const

interface Amount {
  readonly amount: number
}

const look = tool<Amount>("bank.look", {
  description: "Looks up an amount",
  input: amount,
  readOnly: true,
  execute: ({ amount }) => amount * 2
})

const refund = tool<Amount>("bank.refund", {
  description: "Refunds an amount",
  input: amount,
  output: { type: "string" },
  execute: ({ amount }) => {
    note(`refund ${amount}`)
    return `refunded ${amount}`
  }
})

const transfer = tool<Amount>("bank.transfer", {
  description: "Transfers an amount, and never says so",
  input: amount,
  execute: ({ amount }) => {
    note(`transfer ${amount}`)
    process.stderr.write("transfer is under way\n")
    return new Promise(() => {})
  }
})

export default {
  tools: [look, refund, transfer],
  capabilities: [
    { methods: "bank/look" },
    { methods: "bank/transfer" },
    { methods: "bank/refund", where: { amount: { le: 100 } }, mode: "ask" }
  ]
}
