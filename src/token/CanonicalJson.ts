/**
 * The one JSON text of a value: without spaces, the keys of every object in the order of their UTF-16 code units.
 *
 * For values that came from JSON, or could have. Two of them that are equal have the same text.
 */
export const canonicalJson = (value: unknown): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`
  const fields = value as Readonly<Record<string, unknown>>
  let text = ""
  for (const key of Object.keys(fields).sort()) {
    text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(fields[key])}`
  }
  return `{${text}}`
}
