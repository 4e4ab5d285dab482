"use strict";
(() => {
  let busy = false, again = false;
  const main = document.getElementById("main");
  const load = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const reply = await fetch(location.href, { headers: { "x-plimsoll-part": "main" } });
      if (reply.ok) {
        const held = main.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
        main.innerHTML = await reply.text();
        if (held) main.querySelector(`a[href="${CSS.escape(held)}"]`)?.focus();
        document.body.classList.remove("off");
      }
    } catch { document.body.classList.add("off"); }
    busy = false;
    if (again) { again = false; setTimeout(load, 100); }
  };
  const events = new EventSource("/events");
  events.onmessage = load;
  events.onerror = () => document.body.classList.add("off");
})();
