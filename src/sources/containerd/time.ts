/** Protobuf timestamps as RFC 3339 text with Go's precision, so that they compare equal to what ctr prints. */
import type { Timestamp as ProtoTimestamp } from '@bufbuild/protobuf/wkt';
import type { Timestamp } from '../../host/observed.ts';

// Go's zero time, year 1: containerd sends it for "not set".
const ZERO_SECONDS = -62135596800n;
// Year 9999, the last that RFC 3339 can write.
const MAX_SECONDS = 253402300799n;

/** RFC 3339 with up to nine fractional digits; null for a time that is unset or out of range. */
export const timestamp = (time: ProtoTimestamp | undefined): Timestamp | null => {
  if (time === undefined || time.seconds <= ZERO_SECONDS || time.seconds > MAX_SECONDS) return null;
  if (time.nanos < 0 || time.nanos > 999_999_999) return null;
  const whole = new Date(Number(time.seconds) * 1000).toISOString().slice(0, 19);
  const fraction = String(time.nanos).padStart(9, '0').replace(/0+$/, '');
  return fraction === '' ? `${whole}Z` : `${whole}.${fraction}Z`;
};
