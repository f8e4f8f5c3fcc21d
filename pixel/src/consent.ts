// What may be told now. window.crumb is the only one who knows, and it is asked each time.

// A page view or ping (class log), a structured event (clickpath), or what the device says of itself: the first letter
// stands in the settings of the purposes that collect it.
export type Kind = 'pv' | 'pp' | 'se' | 'device';

export const mayTell = (kind: Kind) =>
    SETTINGS.collects.some(([name, what]) => what.includes(kind[0]!) && crumb.consent().purposes[name]);
