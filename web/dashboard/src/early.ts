// Who is signed in is asked before the rest of the page is made ready: reading numbers and dates is something that browsers
// begin slowly, and the answer is there meanwhile. The first import of main.ts, so that it comes first.
import { readSession } from './api.ts';

export const early = /[#&]token=/.test(location.hash) ? null : readSession();
early?.catch(() => {}); // whoever waits for it hears of it
