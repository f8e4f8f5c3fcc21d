// Runs in the page before anything else of it, and watches: when the banner is first to be seen, what moves, what blocks.
// Everything is in window.probe.
(selector) => {
    const probe = (window.probe = { visible: null, shifts: 0, long: [], events: [], violations: [], handled: null });
    const observe = (type, options, take) =>
        new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true, ...options });
    observe('layout-shift', {}, ({ value }) => (probe.shifts += value));
    observe('longtask', {}, ({ duration }) => probe.long.push(duration));
    // 16 ms is the least that the browser tells of; what it does not tell of took less.
    observe('event', { durationThreshold: 16 }, ({ interactionId, duration }) => interactionId && probe.events.push(duration));
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
        probe.violations.push(`${violatedDirective} ${blockedURI}`));
    // How long the click's own listeners keep the page: the message comes after the last of them.
    addEventListener('click', () => {
        const began = performance.now();
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => (probe.handled = performance.now() - began);
        port2.postMessage(0);
    }, { capture: true });

    // The first of @selector in the page and in the shadow trees below it.
    const find = (root) => {
        const found = root.querySelector(selector);
        if (found) return found;
        for (const element of root.querySelectorAll(':not(main *, main)')) {
            const deeper = element.shadowRoot && find(element.shadowRoot);
            if (deeper) return deeper;
        }
        return null;
    };
    const isSeen = (element) => {
        const { width, height, top, left, bottom, right } = element.getBoundingClientRect();
        const inside = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
        return width > 0 && height > 0 && inside && element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
    };
    window.probe.isSeen = () => {
        const banner = find(document);
        return banner !== null && isSeen(banner);
    };
    // Seen in a frame means painted with it; the message comes after the painting.
    const look = () => {
        if (!window.probe.isSeen()) return requestAnimationFrame(look);
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => (probe.visible = performance.now());
        port2.postMessage(0);
    };
    requestAnimationFrame(look);
}
