/** What the shop has sold in half a year: a CSV as somebody would export it, the same every time. */

const regions = ["North", "East", "South", "West"] as const
const products = [
  { name: "kettle", price: 39.9 },
  { name: "toaster", price: 54.5 },
  { name: "grinder", price: 89 },
  { name: "lamp", price: 24.95 }
] as const

const days = 184
const firstDay = Date.UTC(2026, 4, 1)

/** A number from 0 up to 1 that looks like chance. */
const noise = (seed: number): number => {
  const wave = Math.sin(seed * 12.9898) * 43_758.5453
  return wave - Math.floor(wave)
}

/** The East loses customers from August on: that is what there is to be found. */
const trend = (region: number, day: number): number =>
  region === 1 && day > 92 ? 1 - (day - 92) / 130 : 1 + (day * (region + 1)) / 1_500

const row = (day: number, region: number, product: number): string => {
  const { name, price } = products[product] ?? products[0]
  const units = Math.round((4 + 9 * noise(day * 17 + region * 5 + product)) * trend(region, day))
  const date = new Date(firstDay + day * 86_400_000).toISOString().slice(0, 10)
  return [date, regions[region], name, units, (units * price).toFixed(2)].join(",")
}

export const csv = (): string => {
  const rows = Array.from({ length: days }, (_, day) =>
    regions.flatMap((_, region) => products.map((_, product) => row(day, region, product)))
  )
  return `${["date,region,product,units,revenue", ...rows.flat()].join("\n")}\n`
}
