/**
 * Credits, which keep a fast sender from filling a slow receiver. Both ends count the bytes of a lane from its beginning, so that
 * a credit which comes twice changes nothing.
 */
import { windowBytes } from "./Frame.ts"

/** What a sender knows of a lane. */
export interface Sending {
  readonly sent: number
  /** The receiver has taken so many. */
  readonly taken: number
}

/** What a receiver knows of a lane. */
export interface Receiving {
  readonly received: number
  readonly taken: number
  /** The sender was told so many. */
  readonly told: number
}

export const sendingFrom = (at: number): Sending => ({ sent: at, taken: at })

export const receivingFrom = (at: number): Receiving => ({ received: at, taken: at, told: at })

/** How many bytes may be sent now. */
export const room = ({ sent, taken }: Sending): number => windowBytes - (sent - taken)

export const send = (sending: Sending, bytes: number): Sending => ({ ...sending, sent: sending.sent + bytes })

/** Undefined of a credit that cannot be: for bytes that were not sent, or fewer than it was before. */
export const credit = (sending: Sending, taken: number): Sending | undefined =>
  taken > sending.sent || taken < sending.taken ? undefined : { ...sending, taken }

/** Undefined if the sender sends more than it may. */
export const receive = (receiving: Receiving, bytes: number): Receiving | undefined => {
  const received = receiving.received + bytes
  return received - receiving.told > windowBytes ? undefined : { ...receiving, received }
}

export const take = (receiving: Receiving, bytes: number): Receiving => ({
  ...receiving,
  taken: receiving.taken + bytes
})

/** Whether it is time for a credit: not for every byte, and long before the sender has to wait. */
export const isDue = ({ taken, told }: Receiving): boolean => taken - told >= windowBytes / 4

export const tell = (receiving: Receiving): Receiving => ({ ...receiving, told: receiving.taken })
