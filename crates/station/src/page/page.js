"use strict";
(() => {
  let busy = false, again = false;
  const main = document.getElementById("main"), said = document.getElementById("said");
  const part = { "x-plimsoll-part": "main" }, spot = "a,button,summary,[tabindex]";
  // A part that a person works in stays as it is until they are done.
  const held = (node) => node.querySelector("details[open]") || node.querySelector(":focus:is(input,select)");
  const swap = (old, node) => {
    const key = old.contains(document.activeElement) && document.activeElement;
    const at = key ? [...old.querySelectorAll(spot)].indexOf(key) : -1;
    const left = old.querySelector(".b-scroll")?.scrollLeft;
    old.replaceWith(document.adoptNode(node));
    if (left) node.querySelector(".b-scroll").scrollLeft = left;
    // A button of an alert is found by its alert, whatever came before it in the list.
    const name = at < 0 ? null : key.dataset.key;
    if (name) node.querySelector(`[data-key="${CSS.escape(name)}"]`)?.focus({ preventScroll: true });
    else if (at >= 0) node.querySelectorAll(spot)[at]?.focus({ preventScroll: true });
  };
  const put = (text) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    const news = [...page.querySelectorAll("[data-part]")];
    const olds = news.map((node) => document.getElementById(node.id));
    if (olds.includes(null) || main.querySelectorAll("[data-part]").length !== news.length) main.innerHTML = page.body.innerHTML;
    else news.forEach((node, at) => { if (olds[at].outerHTML !== node.outerHTML && !held(olds[at])) swap(olds[at], node); });
  };
  const local = () => { const at = main.querySelector("time"); if (at && new Date().getTimezoneOffset()) at.after(` (${new Date(at.dateTime).toLocaleTimeString()} here)`); };
  const load = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const reply = await fetch(location.href, { headers: part });
      if (reply.ok) { put(await reply.text()); local(); document.body.classList.remove("off"); }
    } catch { document.body.classList.add("off"); }
    busy = false;
    if (again) { again = false; setTimeout(load, 100); }
  };
  main.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-operate]")) return;
    event.preventDefault();
    try {
      const reply = await fetch(form.action, { method: "POST", headers: part, body: new URLSearchParams(new FormData(form)) });
      const answer = await reply.json();
      said.textContent = reply.ok ? answer.done : `Not done: ${answer.message}`;
      if (reply.ok) { form.closest("details")?.removeAttribute("open"); main.focus(); load(); }
    } catch { said.textContent = "Not done: no connection"; }
  });
  local();
  const events = new EventSource("/events");
  events.onmessage = load;
  events.onerror = () => document.body.classList.add("off");
})();
