/* What a person with keys, a large font or colours of their own meets on the page. Evaluated by test_access.py. */
(() => {
  const CONTROLS =
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";

  function name(element) {
    const text = (element.getAttribute("aria-label") ?? element.textContent ?? "").trim();
    const id = element.id || element.name || element.getAttribute("href") || "";
    return `${element.localName}#${id} "${text.replace(/\s+/g, " ").slice(0, 40)}"`;
  }

  /** Where something is seen: a control that is drawn by its label is where its label is. */
  function seen(element) {
    const box = element.getBoundingClientRect();
    return box.width > 2 && box.height > 2 ? element : (element.closest("label") ?? element);
  }

  function isOutlined(element) {
    const style = getComputedStyle(element);
    const outline = style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0;
    return outline || style.boxShadow !== "none";
  }

  function isInSight(element) {
    const box = seen(element).getBoundingClientRect();
    const left = Math.max(box.left, 0) + 1;
    const top = Math.max(box.top, 0) + 1;
    const right = Math.min(box.right, innerWidth) - 1;
    const bottom = Math.min(box.bottom, innerHeight) - 1;
    const places = [
      [(left + right) / 2, (top + bottom) / 2],
      [left, top],
      [right, bottom],
    ];
    return places.some(([x, y]) => {
      const hit = document.elementFromPoint(x, y);
      const own = seen(element);
      return hit && (own.contains(hit) || hit.contains(element) || element.contains(hit));
    });
  }

  const reached = new Set();
  const faults = [];

  /** Look at where the focus stands, before it goes on. */
  function look() {
    const element = document.activeElement;
    if (!element || element.tabIndex < 0 || reached.has(element)) {
      return;
    }
    reached.add(element);
    if (!(isOutlined(element) || isOutlined(seen(element)))) {
      faults.push(`no focus to be seen: ${name(element)}`);
    }
    if (!isInSight(element)) {
      faults.push(`focus is hidden: ${name(element)}`);
    }
  }

  /** A link's or a control's turn comes once; of radios that belong together one is enough. */
  function stops(root) {
    const groups = new Set();
    return [...root.querySelectorAll(CONTROLS)].filter((element) => {
      if (element.disabled || !element.checkVisibility({ visibilityProperty: true })) {
        return false;
      }
      if (element.tabIndex < 0 || element.closest("[inert]")) {
        return false;
      }
      if (element.type === "radio") {
        const group = `${element.form?.id} ${element.name}`;
        const isFirst = !groups.has(group);
        groups.add(group);
        return isFirst;
      }
      return true;
    });
  }

  function wasReached(element) {
    if (element.type === "radio") {
      return [...reached].some((each) => each.type === "radio" && each.name === element.name);
    }
    return reached.has(element);
  }

  function borderOf(element) {
    const style = getComputedStyle(element);
    return style.borderTopStyle === "none" ? 0 : Number.parseFloat(style.borderTopWidth);
  }

  globalThis.access = {
    begin() {
      document.addEventListener("keydown", look, true);
      const main = document.getElementById("main") ?? document.body;
      main.focus();
      // A date is typed in several parts, each a stop.
      const parts = main.querySelectorAll("input[type^=date], input[type=time]").length * 7;
      return stops(main).length + parts;
    },
    end() {
      look();
      const main = document.getElementById("main") ?? document.body;
      const left = stops(main).filter((element) => !wasReached(element));
      return [...faults, ...left.map((element) => `not reached: ${name(element)}`)];
    },
    /** In colours of the person's own a button or a field is known by its border, the focus by its outline. */
    listBorderless() {
      const drawn = ".button, .input, select, textarea, .pill, input[type=text]";
      return [...document.querySelectorAll(drawn)]
        .filter((element) => element.checkVisibility() && borderOf(element) < 1)
        .map((element) => `no border in forced colours: ${name(element)}`);
    },
    listMoving() {
      return [...document.querySelectorAll("body *")]
        .filter((element) => {
          const { transitionDuration, animationDuration } = getComputedStyle(element);
          return [transitionDuration, animationDuration].some((text) =>
            text.split(",").some((each) => Number.parseFloat(each) > 0.02),
          );
        })
        .map((element) => `moves: ${name(element)}`);
    },
    async tooWide() {
      // Charts follow the width of the page with the next frame.
      for (let frame = 0; frame < 3; frame += 1) {
        await new Promise(requestAnimationFrame);
      }
      return document.documentElement.scrollWidth - document.documentElement.clientWidth;
    },
  };
})();
