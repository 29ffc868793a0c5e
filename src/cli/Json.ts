import { Opaque } from "../tool/value/Opaque.ts"

const numberText = (value: number): number | string => {
  if (Number.isFinite(value)) return Object.is(value, -0) ? 0 : value
  return String(value)
}

const bytesText = (value: ArrayBufferView | ArrayBuffer): string =>
  (ArrayBuffer.isView(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : Buffer.from(value)
  ).toString("base64")

const fromObject = (value: object): unknown => {
  if (Array.isArray(value)) return value.map((item) => toJson(item))
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof Map || value instanceof Set) return [...value].map((item) => toJson(item))
  if (value instanceof Error) return { name: value.name, message: value.message }
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return bytesText(value)
  if (value instanceof Opaque) return value.description
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, toJson(item)])
  )
}

/**
 * The JSON form in which the command line shows a guest's value. What JSON has no word for becomes what is nearest:
 *
 * a date its ISO text, a `BigInt` its digits, `NaN` and the infinities their names, a map the list of its pairs, a set the
 * list of its items, an error its name and message, bytes their base64, a function or symbol its description. `undefined` is
 * `null`, and as a property it is left out.
 */
export const toJson = (value: unknown): unknown => {
  switch (typeof value) {
    case "number":
      return numberText(value)
    case "bigint":
      return String(value)
    case "object":
      return value === null ? null : fromObject(value)
    case "undefined":
      return null
    default:
      return value
  }
}
