/** What the guest of the crash tests does: every kind of tool, concurrency, a question, sleeps, and variables that stay. */
export const runs: ReadonlyArray<string> = [
  `let total = 0
   let steps = 0
   total += await books.read({ amount: 2 })
   steps++
   for (const amount of await Promise.all([1, 2, 3].map((amount) => bank.pay({ amount })))) total += amount
   steps++
   await sleep(5)
   total += await books.note({ amount: 10 })
   ;({ total, steps })`,
  `steps++
   const answers = await Promise.allSettled([bank.ask({ amount: 100 }), bank.pay({ amount: 1000 }), tools.nothing.there({})])
   total += answers[0].value + answers[1].value
   ;({ total, steps, refused: answers[2].reason.message !== undefined })`,
  `total += await books.read({ amount: 1 })
   total += await bank.pay({ amount: 20000 })
   total`
]
