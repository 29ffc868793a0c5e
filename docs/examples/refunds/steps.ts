/** What the model wrote, step by step. Each is one run of the same session and uses what the ones before it left. */
export const steps: ReadonlyArray<{ readonly say: string; readonly code: string }> = [
  {
    say: "Looks at the disputed invoices, and prints more of an export than it should",
    code: `
const disputed = await billing.invoices({ status: "disputed" })
const byCustomer = new Map<string, number>()
for (const { customer, amount } of disputed) byCustomer.set(customer, (byCustomer.get(customer) ?? 0) + amount)
const exported = await billing.export({ status: "disputed" })
console.log(exported.rows.length + " rows by key " + exported.key + ", the first paid with card " + exported.rows[0].card)
Object.fromEntries(byCustomer)`
  },
  {
    say: "Refunds too much, is refused, and makes do with less",
    code: `
const first = disputed.find((invoice) => invoice.amount > 500)
let refunded
try {
  refunded = await bank.refunds.create({ invoice: first.id, amount: first.amount, currency: "EUR" })
} catch (error) {
  console.log(error.reason + ": " + error.message)
  refunded = await bank.refunds.create({ invoice: first.id, amount: 100, currency: "EUR" })
}
refunded`
  },
  {
    say: "Writes two reminders and a credit note at the same time",
    code: `
const open = await billing.invoices({ status: "open" })
const sent = await Promise.all([
  billing.remind({ invoice: open[0].id }),
  billing.remind({ invoice: open[1].id }),
  billing.credit({ invoice: disputed[0].id, amount: 25 })
])
sent`
  },
  {
    say: "Asks for a large refund, in the middle of an expression",
    code: `
const large = disputed.find((invoice) => invoice.amount > 200 && invoice.amount <= 500)
const report = {
  customers: byCustomer.size,
  small: refunded.amount,
  large: await bank.refunds.create({ invoice: large.id, amount: large.amount, currency: large.currency })
    .then((refund) => refund.refund, (error) => "refused: " + error.message),
  letters: sent.length
}
report`
  },
  {
    say: "Tries what its token does not give: another account, a large credit note, and a third refund",
    code: `
const attempts = [
  () => bank.accounts.change({ customer: large.customer, iban: "DE02120300000000202051" }),
  () => billing.credit({ invoice: disputed[1].id, amount: 250 }),
  () => bank.refunds.create({ invoice: disputed[1].id, amount: 50, currency: "EUR" })
]
const reasons = []
for (const attempt of attempts) reasons.push(await attempt().then(() => "allowed", (error) => error.reason))
reasons`
  }
]
