/**
 * The tools of the shop as a module: an analyst may read targets, and starts campaigns when a person agrees. What was started is
 * written into the file that `SHOP_BOOKS` names. `caisson run --tools shop.ts` takes it as well.
 */
import { appendFileSync } from "node:fs"
import { tool } from "caisson/promise"

const targets = { North: 61_000, East: 60_500, South: 64_000, West: 66_000 }

export default {
  tools: [
    tool("shop.targets", {
      description: "What each region is to sell in a month",
      input: { type: "object", properties: { currency: { enum: ["EUR"] } } },
      readOnly: true,
      execute: () => targets
    }),
    tool<{ readonly region: string; readonly budget: number }>("shop.campaigns.start", {
      description: "Starts a campaign, which costs its budget",
      input: {
        type: "object",
        properties: { region: { enum: Object.keys(targets) }, budget: { type: "number" } },
        required: ["region", "budget"]
      },
      execute: ({ budget, region }, { idempotencyKey }) => {
        const books = process.env["SHOP_BOOKS"]
        if (books !== undefined) appendFileSync(books, `${JSON.stringify({ region, budget, key: idempotencyKey })}\n`)
        return { campaign: `${region.toUpperCase()}-2026-11`, budget }
      }
    })
  ],
  capabilities: [
    { methods: "shop/targets" },
    {
      methods: "shop/campaigns/start",
      where: { budget: { gt: 0, le: 20_000 } },
      mode: "ask",
      description: "Money for a campaign"
    }
  ]
}
