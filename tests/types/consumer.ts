// A page's own code against consent-js/crumb.d.ts, as docs/embedding.md tells to install it: one file, no module. It is
// read by the compiler (script/lint) and never run; what must not compile is marked, and is an error where it does.

addEventListener('crumb:ready', ({ detail }) => console.info(detail.known, detail.purposes.analytics));
document.addEventListener('crumb:change', (event) => console.info(event.detail.regime == 'opt_out', event.detail.gpc));

const end: () => void = window.crumb.on('change', ({ action, minor }) => console.info(action, minor));
end();
crumb.show();
crumb.track('bought', { price: 12, gift: true });
crumb.set({ analytics: true }).then(({ known }) => console.info(known));
const isMinor: Promise<boolean> = crumb.minor().then((now) => now.minor);
const granted: boolean | undefined = crumb.consent().purposes.marketing;
console.info(isMinor, granted);

// @ts-expect-error an event that there is not
crumb.on('closed', () => {});
// @ts-expect-error a purpose is granted or not
crumb.set({ analytics: 'yes' });
