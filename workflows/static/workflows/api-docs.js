"use strict";

// Swagger UI, started from a file of our own: the page's policy allows no inline script.
const place = document.getElementById("api-docs");

window.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  // Off: it would send the schema to a validator on the internet.
  validatorUrl: null,
  presets: [window.SwaggerUIBundle.presets.apis],
});
