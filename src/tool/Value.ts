/**
 * The text in which values cross the edge of a guest and stand in journals. It is JSON, and most values are what they are
 * in JSON. What JSON cannot say is an object with the one key `$` and a list: a name and what it needs.
 *
 * ```
 * {"$":["undefined"]}                         {"$":["Map",[[key,value],…]]}
 * {"$":["Number","NaN"]}                      {"$":["Set",[value,…]]}
 * {"$":["BigInt","123"]}                      {"$":["Error",{"name":…,"message":…,"stack"?:…}]}
 * {"$":["Date",0]}, of an invalid one null    {"$":["Uint8Array","<base64>"]}, so all views and ArrayBuffer
 * {"$":["Object",[[key,value],…]]}            {"$":["Opaque","[Function f]"]}
 * ```
 *
 * `Number` is for `NaN`, `Infinity`, `-Infinity` and `-0`. `Object` is for objects that have a key `$` themselves. Bytes of
 * several-byte elements are little-endian.
 */
import * as Result from "effect/Result"
import { ValueError } from "./value/ValueError.ts"
import { lengthMax } from "./value/ValueFormat.ts"
import { ValueReader } from "./value/ValueReader.ts"
import { ValueWriter } from "./value/ValueWriter.ts"

/**
 * The text of a value.
 *
 * Of objects, own enumerable properties with string keys count; instances of classes become plain objects, holes in arrays
 * `undefined`. Fails for functions, symbols, promises, cycles, more than 512 levels, and texts longer than `longest`
 * (in UTF-16 units; 64 Mi by default and at most). A text of n UTF-8 bytes has at most n units.
 */
export const encode = (value: unknown, longest: number = lengthMax): Result.Result<string, ValueError> => {
  const writer = new ValueWriter(Math.min(longest, lengthMax))
  try {
    return Result.succeed(writer.write(value))
  } catch (cause) {
    return Result.fail(cause instanceof ValueError ? cause : writer.unreadable())
  }
}

/**
 * The value of a text, made anew from nothing but plain objects and built-in classes.
 *
 * Takes any text from anybody: it never throws, and no prototype is changed. A key `__proto__` is left out.
 */
export const decode = (text: string): Result.Result<unknown, ValueError> => {
  try {
    return Result.succeed(new ValueReader().read(JSON.parse(text)))
  } catch (cause) {
    if (cause instanceof ValueError) return Result.fail(cause)
    return Result.fail(new ValueError({ reason: "NotJson", path: "", detail: "the text is not JSON" }))
  }
}
