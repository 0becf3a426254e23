<?php
if (!defined('B_PROLOG_INCLUDED') || B_PROLOG_INCLUDED !== true)
{
	die();
}

/** @global CUser $USER */

$isPullOn = $USER->IsAuthorized() && \Bitrix\Main\Loader::includeModule('pull') && CPullOptions::CheckNeedRun();
$pullConfig = $isPullOn ? CPullChannel::GetConfig((int)$USER->GetID()) : null;
?>
</main>
<footer class="bottom">
	<div class="wrap">A legacy template with live events. Its scripts were written for the portal's own client.</div>
</footer>
<?php if ($isPullOn): ?>
<script>
BX.ready(function () {
	var status = BX('pull-status');
	var bell = BX('bell-count');

	function show(name) {
		status.setAttribute('data-status', name);
		status.textContent = BX.message('BXPULL_STATUS_' + name.toUpperCase());
	}
	show('connect');
	BX.PULL.subscribe({
		type: BX.PullClient.SubscriptionType.Status,
		callback: function (data) { show(data.status); }
	});

	// Portal events, as older code listens to them.
	BX.addCustomEvent('onPullEvent-shop', function (command) {
		if (command === 'orderNew') bell.textContent = Number(bell.textContent) + 1;
	});

	BX.PULL.start(<?= empty($pullConfig) ? '' : CUtil::PhpToJSObject($pullConfig) ?>);
});
</script>
<?php endif ?>
</body>
</html>
