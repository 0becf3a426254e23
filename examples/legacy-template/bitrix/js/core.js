/** A stand-in for the portal's core: no more of it than the template and the page call. */
;(function () {
  'use strict'

  const early = window.BX || {}
  const listeners = []
  const BX = (window.BX = function (id) {
    return document.getElementById(id)
  })
  for (const name of Object.keys(early)) BX[name] = early[name]

  BX.message = function (given) {
    if (typeof given === 'string') return BX.message[given] || ''
    Object.assign(BX.message, given)
    return true
  }
  BX.message(early.message)

  BX.ready = function (run) {
    if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', run)
    else setTimeout(run, 0)
  }

  BX.bitrix_sessid = () => BX.message('bitrix_sessid')

  BX.addCustomEvent = function (name, listener) {
    listeners.push([name.toLowerCase(), listener])
  }

  BX.onCustomEvent = function (target, name, args, isSecure) {
    for (const [wanted, listener] of listeners) {
      if (wanted === name.toLowerCase()) listener(...(isSecure ? JSON.parse(JSON.stringify(args)) : args))
    }
  }

  BX.namespace = function (path) {
    return path
      .replace(/^BX\./, '')
      .split('.')
      .reduce((at, name) => (at[name] = at[name] || {}), BX)
  }
})()
